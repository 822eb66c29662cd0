"""Entries that were claimed from a worker while it was stopped, on a real Valkey."""

from typing import Any

from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.leases import EntryLeases
from angarium_chassis.streams.received import Received
from angarium_worker.adapters.streams.first_copies import FirstCopies

STREAM, GROUP = "deliveries", "workers"


async def test_what_another_has_claimed_since_it_was_read_is_told(
    platform: Any, redis_url: str
) -> None:
    chunk = platform.chunk([platform.add_endpoint("/hook")])
    async with open_broker(redis_url) as broker:
        redis = redis_of(broker)
        await redis.xgroup_create(STREAM, GROUP, mkstream=True)
        ids = [await redis.xadd(STREAM, {"n": n}) for n in range(4)]
        await redis.xreadgroup(GROUP, "stopped", {STREAM: ">"})
        leases = EntryLeases(
            lambda: redis, stream=STREAM, group=GROUP, consumer="stopped", lease_s=8, clock_s=float
        )
        entries = [Received(STREAM, GROUP, id_, chunk, False, leases) for id_ in ids]
        await redis.xclaim(STREAM, GROUP, "other", 0, [ids[1], ids[2]])
        await redis.xack(STREAM, GROUP, ids[2])

        others = await FirstCopies(broker).of_others(entries)

    assert [entry.entry_id for entry in others.taken_over] == [ids[1], ids[2]]
