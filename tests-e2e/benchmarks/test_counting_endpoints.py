"""The receiver that fails a share of deliveries once, and the readings around it."""

import sys
from pathlib import Path

import httpx
import pytest

sys.path.append(str(Path(__file__).parent))

from capacity_costs import Workload
from capacity_load import RandomEventBody
from capacity_readings import Reading, difference
from capacity_runs import (
    ATTEMPTS_MAX,
    MESSAGES_MIN,
    WORKLOADS,
    counting_endpoints,
    messages_of,
)
from counting_endpoints import CountingEndpoints


@pytest.mark.parametrize(("share", "failed"), [(0.0, 0), (0.1, 10), (0.5, 50), (1.0, 100)])
def test_a_share_of_deliveries_fails_once(share: float, failed: int) -> None:
    endpoints = CountingEndpoints()
    endpoints.fail(share)
    again = [
        message
        for message in (b"msg_%d" % number for number in range(100))
        if b" 500 " in endpoints.receive(b"POST /1", message)
    ]
    assert len(again) == failed
    assert all(b" 200 " in endpoints.receive(b"POST /1", message) for message in again)
    assert (endpoints.requests, endpoints.delivered) == (100 + failed, 100)


def test_failures_are_spread_over_the_deliveries_of_each_endpoint() -> None:
    endpoints = CountingEndpoints()
    endpoints.fail(0.25)
    for number in range(8):
        endpoints.receive(b"POST /%d" % (number % 2), b"msg_%d" % number)
    assert endpoints.delivered == 6


async def test_requests_are_counted_whatever_parts_they_come_in() -> None:
    async with counting_endpoints() as endpoints, httpx.AsyncClient() as client:
        await endpoints.fail(0.5)
        url = f"{endpoints.url}/a"
        statuses = [
            (
                await client.post(url, content=b"x" * size, headers={"webhook-id": str(size)})
            ).status_code
            for size in (0, 1, 200_000, 3)
        ]
        assert statuses == [200, 500, 200, 500]
        assert await endpoints.wait_for(2) == {"requests": 4, "delivered": 2}


def test_bodies_differ_from_load_in_their_filler_only() -> None:
    body = RandomEventBody(2_000)
    assert len(body) == 2_000
    assert body.numbered(7) != body.numbered(8)
    assert b"abcdefghijklmnopqrstuvwxyz" not in body.numbered(7)


def test_every_run_is_bounded() -> None:
    for workload in WORKLOADS:
        messages = messages_of(workload)
        assert messages == MESSAGES_MIN or messages * workload.attempts <= ATTEMPTS_MAX
    assert messages_of(Workload(64, fan_out=100)) == MESSAGES_MIN


def test_a_difference_is_what_grew_between_two_readings() -> None:
    before = Reading({"a": 1.0, "b": 5.0}, {})
    after = Reading({"a": 4.0, "b": 2.0, "c": 1.0}, {})
    assert difference(before, after) == {"a": 3.0, "b": 0.0, "c": 1.0}
