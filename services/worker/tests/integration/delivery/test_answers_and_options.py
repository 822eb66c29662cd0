"""What endpoints want and how they answer, through a real worker."""

import asyncio
import time
from typing import Any

import pytest
from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.attempts import AttemptFilter, Attempts, ListAttemptsByEndpoint
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Page
from angarium_contracts.stream_names import WORKER_QUERIES
from msgspec.structs import replace

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
async def asking(platform: Any) -> QueryClient:
    """Asks the worker as the gateway does."""
    client = QueryClient(
        platform.broker, replica="gateway", clock_ms=lambda: time.time_ns() // 1_000_000
    )
    platform.start(client.run())
    return client


async def _attempts(client: QueryClient, endpoint: bytes, **wanted: Any) -> Attempts:
    question = ListAttemptsByEndpoint(endpoint, Page(), AttemptFilter(**wanted))
    answer = await client.ask(WORKER_QUERIES, question, Reader(Attempts))
    assert isinstance(answer, Attempts)
    return answer


async def test_a_gone_endpoint_is_disabled_and_everything_that_waits_for_it_ends(
    platform: Any,
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint, other = platform.add_endpoint("/gone"), platform.add_endpoint("/other")
    platform.receiver.statuses["/gone"] = [500, 500, 410]
    platform.receiver.statuses["/other"] = [500]
    platform.start_worker(retry_schedule="1h")
    waiting = [platform.chunk([endpoint, other]) for _ in range(2)]
    await platform.publish(*waiting)
    await platform.until_rows(platform.pending, lambda rows: len(rows) == 4)
    await platform.publish(platform.chunk([endpoint]))
    cancelled = await platform.until_rows(platform.cancelled, lambda rows: len(rows) == 2)
    assert {row.reason for row in cancelled} == {"the endpoint answered 410 Gone"}
    assert {row.message_id for row in cancelled} == {chunk.messages[0].id for chunk in waiting}
    left = await platform.until_rows(platform.pending, lambda rows: len(rows) == 2)
    assert {row.endpoint_id for row in left} == {other}
    (command,) = platform.dispatcher.disabled
    assert (command.endpoint_id, command.version) == (endpoint, 1)
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_rows(platform.cancelled, lambda rows: len(rows) == 3)
    assert platform.receiver.paths().count("/gone") == 3


async def test_while_the_dispatcher_is_away_a_gone_endpoint_is_remembered(platform: Any) -> None:
    first = platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/gone")
    await platform.redis.ping()
    platform.receiver.statuses["/gone"] = [200, 410]
    platform.start_worker()
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    await platform.stop(first)
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(2)
    assert platform.dispatcher.disabled == []
    platform.start(platform.dispatcher.run())
    async with asyncio.timeout(20):
        while not platform.dispatcher.disabled:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttling_endpoint_is_left_alone_and_then_gets_everything(
    platform: Any, status: int
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/slow")
    platform.receiver.statuses["/slow"] = [status, 200]
    platform.start_worker()
    began_s = time.monotonic()
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    await platform.publish(*[platform.chunk([endpoint]) for _ in range(5)])
    await platform.until_settled(6)
    assert len(platform.receiver.requests) == 1
    await platform.until_rows(platform.pending, lambda rows: not rows)
    assert time.monotonic() - began_s >= 1
    assert len(platform.receiver.requests) == 7
    assert len(await platform.attempts()) == 7


async def test_options_of_an_endpoint_reach_the_receiver(
    platform: Any, asking: QueryClient
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hook", header_names="both")
    state = platform.dispatcher.endpoints[endpoint]
    platform.dispatcher.endpoints[endpoint] = replace(
        state, headers=platform.sealed(b'{"X-Tenant":"acme"}', endpoint)
    )
    platform.receiver.statuses["/hook"] = [500, 200]
    platform.start_worker()
    await platform.publish(platform.chunk([endpoint], channels=("eu", "paid_up"), trace=TRACE))
    await platform.until_rows(platform.attempts, lambda rows: len(rows) == 2)
    for _, headers, _ in platform.receiver.requests:
        assert headers["x-tenant"] == "acme"
        assert headers["traceparent"] == TRACE
        assert headers["svix-signature"] == headers["webhook-signature"]
    found = await _attempts(asking, endpoint, channel="paid_up")
    assert [item.number for item in found.items] == [2, 1]
    assert (await _attempts(asking, endpoint, channel="paid")).items == ()
    success, failure = found.items
    assert failure.failure_reason == "endpoint_failed"
    assert success.failure is None
    assert success.timings is not None
    assert 0 < success.timings.first_byte_ms <= success.timings.total_ms
    assert success.channels == ("eu", "paid_up")


async def test_a_slow_endpoint_fails_at_its_own_deadline_with_words(
    platform: Any, asking: QueryClient
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hangs", timeout_s=1.0)
    platform.receiver.statuses["/hangs"] = [0]
    platform.start_worker(retry_schedule="")
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_rows(platform.attempts, lambda rows: len(rows) == 1)
    (item,) = (await _attempts(asking, endpoint)).items
    assert (item.failure_reason, item.response_status) == ("response_timed_out", 0)
    assert item.response.startswith("The endpoint did not answer completely in time.")
    assert item.duration_ms >= 900


async def test_an_answer_that_broke_off_is_on_record_with_what_came_and_is_retried(
    platform: Any, asking: QueryClient
) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/cut")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    platform.receiver.broken_off["/cut"] = head + b'{"received":true}'
    platform.start_worker(retry_schedule="1h")
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_rows(platform.pending, lambda rows: len(rows) == 1)

    (attempt,) = (await _attempts(asking, endpoint, status_class=200)).items
    assert (attempt.response_status, attempt.response) == (200, '{"received":true}')
    assert attempt.failure is not None
    assert "answered 200, but the answer broke off after 17 of 100 bytes" in attempt.failure
    assert attempt.next_attempt_at is not None
