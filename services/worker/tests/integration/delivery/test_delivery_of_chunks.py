"""Chunks through a real worker: streams in, webhooks and rows out."""

import asyncio
from typing import Any

from angarium_contracts.ids import MESSAGE, format_id
from angarium_contracts.stream_names import WORKERS, deliveries_requested
from msgspec.structs import replace
from standardwebhooks import Webhook

SECRET = "whsec_c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nz"


async def test_a_chunk_arrives_signed_and_is_recorded_settled_and_acknowledged(
    platform: Any,
) -> None:
    platform.start(platform.dispatcher.run())
    endpoints = [platform.add_endpoint(f"/{n}") for n in range(3)]
    platform.start_worker()
    chunk = platform.chunk(endpoints, endpoints[:1])
    await platform.publish(chunk)
    (settled,) = await platform.until_settled(1)
    assert (settled.batch_id, settled.publication) == (chunk.batch_id, 1)
    rows = await platform.attempts()
    assert len(rows) == 4
    assert {(row.status, row.response_status, row.response) for row in rows} == {(0, 200, b"ok")}
    assert sorted(platform.receiver.paths()) == ["/0", "/0", "/1", "/2"]
    for _, headers, body in platform.receiver.requests:
        Webhook(SECRET).verify(body, headers)
        assert headers["user-agent"].startswith("Angarium/")
    ids = {headers["webhook-id"] for _, headers, _ in platform.receiver.requests}
    assert ids == {format_id(MESSAGE, message.id) for message in chunk.messages}
    assert await platform.redis.xlen(deliveries_requested(0)) == 0
    pending = await platform.redis.xpending(deliveries_requested(0), WORKERS)
    assert pending["pending"] == 0


async def test_a_failed_delivery_is_retried_until_it_succeeds(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/flaky")
    platform.receiver.statuses["/flaky"] = [500, 404, 200]
    platform.start_worker()
    await platform.publish(platform.chunk([endpoint]))
    rows = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 3)
    assert [row.response_status for row in rows] == [500, 404, 200]
    assert [row.number for row in rows] == [1, 2, 3]
    assert [row.next_attempt_at is None for row in rows] == [False, False, True]
    assert await platform.pending() == []
    assert len({headers["webhook-id"] for _, headers, _ in platform.receiver.requests}) == 1


async def test_a_delivery_ends_exhausted_with_all_attempts_on_record(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/down")
    platform.receiver.statuses["/down"] = [500]
    platform.start_worker()
    await platform.publish(platform.chunk([endpoint]))
    rows = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 4)
    assert [row.next_attempt_at is None for row in rows] == [False, False, False, True]
    assert await platform.pending() == []


async def test_a_redelivered_chunk_sends_nothing_twice(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    first, second = platform.add_endpoint("/first"), platform.add_endpoint("/second")
    platform.start_worker()
    chunk = platform.chunk([first])
    await platform.publish(chunk)
    await platform.until_settled(1)
    (message,) = platform.chunk([first, second]).messages
    message = replace(message, id=chunk.messages[0].id)
    await platform.publish(replace(chunk, messages=(message,), redelivered=True, publication=2))
    settled = await platform.until_settled(2)
    assert [each.publication for each in settled] == [1, 2]
    assert platform.receiver.paths() == ["/first", "/second"]


async def test_a_hanging_endpoint_does_not_delay_settlement(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    quick, hanging = platform.add_endpoint("/quick"), platform.add_endpoint("/hanging")
    platform.receiver.statuses["/hanging"] = [0]
    platform.start_worker(chunk_linger_s=1.0)
    await platform.publish(platform.chunk([quick, hanging]))
    await platform.until_settled(1)
    assert [row.endpoint_id for row in await platform.attempts()] == [quick]
    (held,) = await platform.pending()
    assert (held.endpoint_id, held.attempts_made) == (hanging, 0)
    assert held.fence > 0
    platform.receiver.let_go.set()
    rows = await platform.until_rows(platform.attempts, lambda rows: len(rows) == 2)
    assert {row.status for row in rows} == {0}
    await platform.until_rows(platform.pending, lambda rows: not rows)
    assert platform.receiver.paths().count("/hanging") == 1


async def test_the_chunk_of_a_dead_consumer_is_taken_over(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hook")
    stream = deliveries_requested(0)
    await platform.publish(platform.chunk([endpoint]))
    await platform.redis.xgroup_create(stream, WORKERS, id="0")
    await platform.redis.xreadgroup(WORKERS, "dead", {stream: ">"})
    platform.start_worker()
    await platform.until_settled(1)
    assert platform.receiver.paths() == ["/hook"]
    assert await platform.redis.xlen(stream) == 0


async def test_without_the_dispatcher_a_delivery_is_parked_and_later_made(platform: Any) -> None:
    endpoint = platform.add_endpoint("/hook")
    platform.start_worker(chunk_linger_s=0.2)
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    (parked,) = await platform.pending()
    assert (parked.attempts_made, parked.fence) == (0, 0)
    platform.start(platform.dispatcher.run())
    rows = await platform.until_rows(platform.attempts, bool)
    assert [(row.number, row.status) for row in rows] == [(1, 0)]
    await platform.until_rows(platform.pending, lambda rows: not rows)


async def test_two_workers_share_the_chunks_and_send_each_delivery_once(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/hook")
    for _ in range(2):
        platform.start_worker(entry_lease_s=60.0)
    await platform.publish(*[platform.chunk([endpoint], [endpoint]) for _ in range(20)])
    await platform.until_settled(20)
    ids = [headers["webhook-id"] for _, headers, _ in platform.receiver.requests]
    assert len(ids) == len(set(ids)) == 40
    assert len(await platform.attempts()) == 40


async def test_when_told_to_stop_attempts_under_way_end_and_are_recorded(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/slow")
    platform.receiver.statuses["/slow"] = [0]
    worker = platform.start_worker(chunk_linger_s=5.0)
    await platform.publish(platform.chunk([endpoint]))
    await platform.receiver.until("/slow", 1)
    worker.cancel()
    await asyncio.sleep(0)
    platform.receiver.let_go.set()
    await platform.until_settled(1)
    await platform.stop(worker)
    assert [row.status for row in await platform.attempts()] == [0]
    assert await platform.redis.xlen(deliveries_requested(0)) == 0


async def test_what_the_grace_cuts_off_is_left_to_another_worker(platform: Any) -> None:
    platform.start(platform.dispatcher.run())
    endpoint = platform.add_endpoint("/slow")
    platform.receiver.statuses["/slow"] = [0, 200]
    worker = platform.start_worker(chunk_linger_s=1.0, stop_grace_s=0.3)
    await platform.publish(platform.chunk([endpoint]))
    await platform.until_settled(1)
    await platform.stop(worker)
    platform.start_worker()
    rows = await platform.until_rows(platform.attempts, bool)
    assert [(row.number, row.status) for row in rows] == [(1, 0)]
    await platform.until_rows(platform.pending, lambda rows: not rows)
