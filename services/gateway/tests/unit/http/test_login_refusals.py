"""Requests whose API key is missing, unknown or revoked."""

import asyncio
from typing import cast

import pytest
from angarium_gateway.adapters.http.login_refusals import LoginRefusals
from angarium_gateway.adapters.http.problems import Refused
from litestar.types import Scope
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from .conftest import World

PATHS = ("/api/v1/app", "/api/v1/app/acme/msg")


def scope(address: str) -> Scope:
    return cast("Scope", {"client": (address, 4711)})


def counted() -> float:
    return REGISTRY.get_sample_value("angarium_gateway_failed_logins_total") or 0.0


async def test_failures_are_counted_and_logged_once_a_second_with_their_number() -> None:
    now_s = 100.0
    refusals = LoginRefusals(lambda: now_s)
    before = counted()
    with capture_logs() as lines:
        for _ in range(8):
            with pytest.raises(Refused):
                await refusals.refuse(scope("192.0.2.1"))
        now_s += 1
        with pytest.raises(Refused):
            await refusals.refuse(scope("192.0.2.1"))
    assert counted() - before == 9
    assert [(line["event"], line["failures"]) for line in lines] == [
        ("login.failed", 1),
        ("login.failed", 8),
    ]


async def test_an_address_that_fails_often_waits_and_no_other_does() -> None:
    refusals = LoginRefusals(lambda: 100.0)

    async def refused(address: str) -> None:
        with pytest.raises(Refused):
            await refusals.refuse(scope(address))

    many = [asyncio.create_task(refused("192.0.2.1")) for _ in range(100)]
    await refused("192.0.2.2")
    assert not all(task.done() for task in many)
    await asyncio.gather(*many)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", [None, "Bearer unknown", "Basic abc"])
async def test_both_doors_count_a_failed_login(
    world: World, path: str, method: str, authorization: str | None
) -> None:
    request = world.client.build_request(method, path)
    del request.headers["authorization"]
    if authorization is not None:
        request.headers["authorization"] = authorization
    before = counted()
    answer = await world.client.send(request)
    assert answer.status_code == 401
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert counted() - before == 1
