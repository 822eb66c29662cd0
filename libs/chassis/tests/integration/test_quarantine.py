"""Quarantined entries keep their reason and bytes, are bounded, and are replayed exactly once."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.group_reader import TRIES_MAX
from angarium_chassis.streams.quarantine import (
    PAGE_ENTRIES,
    Poison,
    Quarantine,
    QuarantineContents,
    QuarantinedEntry,
)
from angarium_chassis.streams.received import Received
from angarium_contracts.contract import encode
from angarium_contracts.queries import Done
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ..process_double import GROUP, STREAM, ProcessDouble, entries_of


@pytest.fixture
async def broker(redis_url: str) -> AsyncIterator[RedisBroker]:
    opened = open_broker(redis_url)
    await opened.connect()
    yield opened
    await opened.stop()


@pytest.fixture
def shelf(redis: Redis) -> QuarantineContents:
    return QuarantineContents(redis, "test")


def poison(body: bytes, reason: str = "unreadable: it ends too early") -> Poison:
    return Poison(STREAM, GROUP, b"1-1", reason, body)


async def all_of(shelf: QuarantineContents) -> list[QuarantinedEntry]:
    return [entry async for entry in shelf.entries()]


async def until_quarantine_entries(shelf: QuarantineContents, count: int) -> list[QuarantinedEntry]:
    async with asyncio.timeout(20):
        while await shelf.count() < count:
            await asyncio.sleep(0.05)
    return await all_of(shelf)


async def test_poison_of_every_kind_is_quarantined_within_five_tries_and_the_rest_goes_on(
    process: ProcessDouble, redis: Redis, shelf: QuarantineContents
) -> None:
    inbox = process.inbox()

    async def handle(received: Sequence[Received[Done]]) -> None:
        if any(entry.value.version == 13 for entry in received):
            raise ValueError("a bug")
        await inbox(received)

    whole = encode(Done(version=7))
    unknown = msgspec.msgpack.encode({"type": "done/9", "news": [1]})
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for body in (b"\xc1 poison", whole[:-1], unknown):
        await redis.xadd(STREAM, {"__data__": body})
    await process.publish(1, 13, 2)
    process.read(handle, lease_s=0.2)

    assert sorted(await inbox.numbers(2)) == [1, 2]
    kept = {entry.body: entry for entry in await until_quarantine_entries(shelf, 4)}
    assert set(kept) == {b"\xc1 poison", whole[:-1], unknown, encode(Done(version=13))}
    assert {body: entry.tries for body, entry in kept.items()} == {
        b"\xc1 poison": 1,
        whole[:-1]: 1,
        unknown: 1,
        encode(Done(version=13)): TRIES_MAX,
    }
    assert kept[whole[:-1]].reason.startswith("unreadable")
    assert kept[unknown].reason == "unknown contract done/9"
    assert {entry.stream for entry in kept.values()} == {STREAM}
    assert await redis.xlen(STREAM) == 0


async def test_an_entry_that_is_put_back_is_handled_and_gone_from_the_quarantine(
    process: ProcessDouble, broker: RedisBroker, shelf: QuarantineContents
) -> None:
    await Quarantine(broker, "test").put([poison(encode(Done(version=3)), "failed 5 times")])
    (entry,) = await all_of(shelf)
    inbox = process.inbox()
    process.read(inbox)

    assert await shelf.replay(entry, entry.body) is not None

    assert await inbox.numbers(1) == [3]
    assert await shelf.count() == 0


async def test_of_many_who_put_an_entry_back_one_does(
    broker: RedisBroker, redis: Redis, shelf: QuarantineContents
) -> None:
    await Quarantine(broker, "test").put([poison(b"body")])
    (entry,) = await all_of(shelf)

    added = await asyncio.gather(*[shelf.replay(entry, b"changed") for _ in range(20)])

    assert sum(each is not None for each in added) == 1
    assert [fields for _, fields in await entries_of(redis, STREAM)] == [{b"__data__": b"changed"}]


async def test_an_entry_that_cannot_be_put_back_stays(
    broker: RedisBroker, redis: Redis, shelf: QuarantineContents
) -> None:
    await Quarantine(broker, "test").put([poison(b"body")])
    (entry,) = await all_of(shelf)
    await redis.set(STREAM, "a key of another kind")

    with pytest.raises(ResponseError):
        await shelf.replay(entry, entry.body)

    assert await shelf.count() == 1


async def test_a_dropped_entry_is_gone_and_not_dropped_twice(
    broker: RedisBroker, shelf: QuarantineContents
) -> None:
    await Quarantine(broker, "test").put([poison(b"one"), poison(b"two")])
    one, two = await all_of(shelf)

    assert await shelf.drop(one.id)
    assert not await shelf.drop(one.id)

    assert await all_of(shelf) == [two]
    assert await shelf.find(two.id) == two
    assert await shelf.find(one.id) is None


async def test_all_entries_are_read_however_many_pages_they_fill(
    broker: RedisBroker, shelf: QuarantineContents
) -> None:
    bodies = [str(number).encode() for number in range(2 * PAGE_ENTRIES)]
    await Quarantine(broker, "test").put([poison(body) for body in bodies])

    assert [entry.body for entry in await all_of(shelf)] == bodies


async def test_large_entries_are_bounded_in_bytes_and_the_newest_stay(
    broker: RedisBroker, redis: Redis, shelf: QuarantineContents
) -> None:
    bytes_max = 400_000
    quarantine = Quarantine(broker, "test", bytes_max=bytes_max)

    for number in range(30):
        await quarantine.put([poison(secrets.token_bytes(50_000) + b"%d" % number)])

    assert int(await redis.memory_usage("quarantine:test", samples=0) or 0) <= bytes_max
    kept = await all_of(shelf)
    assert 3 <= len(kept) < 9
    assert kept[-1].body.endswith(b"29")
