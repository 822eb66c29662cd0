"""Entries that were claimed from a worker while it was stopped, on a real Valkey."""

from typing import Any, cast

import msgspec
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.leases import EntryLeases
from angarium_chassis.streams.received import Received
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_worker.adapters.streams.chunks import Entry
from angarium_worker.adapters.streams.duplicate_filter import DuplicateFilter
from redis.asyncio import Redis

STREAM, GROUP = "deliveries", "workers"


async def read_entries(redis: Redis, consumer: str, *chunks: DeliveriesRequested) -> list[Entry]:
    """Entries of these chunks, read by this consumer."""
    leases = EntryLeases(
        lambda: redis, stream=STREAM, group=GROUP, consumer=consumer, lease_s=8, clock_s=float
    )
    ids = [cast("bytes", await redis.xadd(STREAM, {"n": n})) for n in range(len(chunks))]
    await redis.xreadgroup(GROUP, consumer, {STREAM: ">"})
    pairs = zip(ids, chunks, strict=True)
    return [Received(STREAM, GROUP, id_, chunk, False, leases) for id_, chunk in pairs]


async def test_what_another_has_claimed_since_it_was_read_is_told(
    platform: Any, redis_url: str
) -> None:
    endpoint = platform.add_endpoint("/hook")
    async with open_broker(redis_url) as broker:
        redis = redis_of(broker)
        await redis.xgroup_create(STREAM, GROUP, mkstream=True)
        chunks = [platform.chunk([endpoint]) for _ in range(4)]
        entries = await read_entries(redis, "stopped", *chunks)
        await redis.xclaim(STREAM, GROUP, "other", 0, [entries[1].entry_id, entries[2].entry_id])
        await redis.xack(STREAM, GROUP, entries[2].entry_id)

        split = await DuplicateFilter(broker).split(entries)

    assert split.taken_over == [entries[1], entries[2]]
    assert split.copies == []


async def test_what_a_stopped_dispatcher_publishes_after_another_did_is_a_copy(
    platform: Any, redis_url: str
) -> None:
    late = platform.chunk([platform.add_endpoint("/hook")])
    repetition = msgspec.structs.replace(late, redelivered=True)
    async with open_broker(redis_url) as broker:
        redis = redis_of(broker)
        await redis.xgroup_create(STREAM, GROUP, mkstream=True)
        first, second = await read_entries(redis, "worker", repetition, late)

        assert await DuplicateFilter(broker).split([first]) == ([], [])
        split = await DuplicateFilter(broker).split([second])

    assert split == ([second], [])
