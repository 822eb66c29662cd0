"""Who has an entry in hand: taking over from the dead, leaving alone the living."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from angarium_chassis.streams import leases
from angarium_chassis.streams.leases import EntryLeases
from angarium_chassis.streams.received import Received
from angarium_contracts.queries import Done
from redis.asyncio import Redis

from ..process_double import GROUP, LEASE_S, STREAM, NewProcess, ProcessDouble


async def read_raw(redis: Redis, consumer: str, count: int = 1000) -> list[bytes]:
    """Read as another consumer would."""
    answer: Any = await redis.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=count)
    return [entry_id for entry_id, _ in answer[0][1]]


async def test_what_a_dead_consumer_left_is_taken_over_as_redelivered(
    process: ProcessDouble, redis: Redis
) -> None:
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await process.publish(1, 2)
    read_at_s = time.monotonic()
    await read_raw(redis, "dead")
    inbox = process.inbox()

    process.read(inbox)
    entries = [await inbox.get(), await inbox.get()]

    assert [entry.value.version for entry in entries] == [1, 2]
    assert all(entry.redelivered for entry in entries)
    assert time.monotonic() - read_at_s >= LEASE_S
    await process.publish(3)
    assert not (await inbox.get()).redelivered


async def test_a_slow_handler_keeps_its_entries(new_process: NewProcess) -> None:
    slow, other = await new_process("slow"), await new_process("other")
    began, ended = asyncio.Event(), asyncio.Event()

    async def handle(received: Sequence[Received[Done]]) -> None:
        began.set()
        await asyncio.sleep(2.5 * LEASE_S)  # the slowness itself
        assert all(entry.held for entry in received)
        await slow.writer.write([], done=received)
        ended.set()

    await slow.publish(1, 2)
    slow.read(handle)
    await began.wait()
    inbox = other.inbox()
    other.read(inbox)
    async with asyncio.timeout(10):
        await ended.wait()

    assert inbox.seen == []


async def test_entries_that_a_handler_left_in_hand_are_kept_too(new_process: NewProcess) -> None:
    first, other = await new_process("first"), await new_process("other")
    in_hand, elsewhere = first.inbox(finish=False), other.inbox()
    reader = first.read(in_hand)
    await first.publish(1)
    entry = await in_hand.get()
    other.read(elsewhere)

    await asyncio.sleep(2.5 * LEASE_S)  # what others would need to take it over

    assert entry.held
    assert elsewhere.seen == []
    assert reader.leased == 1
    await first.writer.write([], done=[entry])
    assert reader.leased == 0
    assert not entry.held


async def test_a_process_frozen_past_its_lease_learns_that_it_lost_its_entries(
    process: ProcessDouble, redis_url: str
) -> None:
    inbox = process.inbox(finish=False)
    reader = process.read(inbox)
    await process.publish(1)
    entry = await inbox.get()
    taken = threading.Event()

    def take_over() -> None:
        asyncio.run(take_over_elsewhere(redis_url, taken))

    thread = threading.Thread(target=take_over)
    thread.start()
    taken.wait(10)  # blocks this event loop: the process is frozen
    thread.join()

    await asyncio.sleep(LEASE_S / 3)  # two renewals
    assert not entry.held
    assert reader.leased == 0


async def take_over_elsewhere(redis_url: str, taken: threading.Event) -> None:
    async with Redis.from_url(redis_url) as redis:
        while True:
            answer: Any = await redis.xautoclaim(STREAM, GROUP, "other", int(LEASE_S * 1000))
            if answer[1]:
                taken.set()
                return
            await asyncio.sleep(0.02)


class Holder:
    """Leases of entries that were read raw, on a clock that the test moves."""

    def __init__(self, redis: Redis) -> None:
        self.now_s = 0.0
        self.leases = EntryLeases(
            lambda: redis,
            stream=STREAM,
            group=GROUP,
            consumer="holder",
            lease_s=LEASE_S,
            clock_s=lambda: self.now_s,
        )


async def test_entries_in_any_order_are_all_renewed(process: ProcessDouble, redis: Redis) -> None:
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await process.publish(1, 2, 3)
    ids = await read_raw(redis, "holder")
    holder = Holder(redis)
    holder.leases.take([ids[2], ids[0], ids[1]])
    holder.now_s = LEASE_S

    await holder.leases.renew()

    assert all(holder.leases.holds(entry_id) for entry_id in ids)


async def test_many_entries_are_renewed_in_bounded_calls_and_younger_ones_do_not_hide_them(
    process: ProcessDouble, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_PER_CALL_MAX", 4)
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await process.publish(*range(30))
    ids = await read_raw(redis, "holder")
    holder = Holder(redis)
    old = [ids[0], *ids[10:16], ids[29]]
    holder.leases.take(old)
    holder.now_s = LEASE_S / 2
    holder.leases.take(entry_id for entry_id in ids if entry_id not in old)
    await redis.xclaim(STREAM, GROUP, "other", 0, [ids[12]])

    await holder.leases.renew()

    assert [entry_id for entry_id in ids if not holder.leases.holds(entry_id)] == [ids[12]]
    idle = await redis.xpending_range(STREAM, GROUP, ids[12], ids[12], 1)
    assert idle[0]["consumer"] == b"other"


async def test_renewing_does_not_count_as_another_try(process: ProcessDouble, redis: Redis) -> None:
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    await process.publish(1)
    (entry_id,) = await read_raw(redis, "holder")
    holder = Holder(redis)
    holder.leases.take([entry_id])
    holder.now_s = LEASE_S

    await holder.leases.renew()

    (row,) = await redis.xpending_range(STREAM, GROUP, entry_id, entry_id, 1)
    assert row["times_delivered"] == 1
