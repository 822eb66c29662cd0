"""Streams are read for as long as a gateway publishes to them, whatever the reader's own count."""

import asyncio
import time

import pytest
from angarium_chassis.streams import numbered_readers
from angarium_chassis.streams.broker import redis_of
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.numbered_readers import NumberedReaders
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.stream_numbers import (
    RETIRED_AFTER_S,
    StreamNumberAnnouncer,
    numbers_in_use,
    retire_numbers,
)
from angarium_chassis.streams.writer import Publication
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Done
from angarium_contracts.stream_names import (
    DISPATCHERS,
    STREAM_NUMBERS,
    deliveries_requested,
    messages_accepted,
)
from redis.asyncio import Redis

from ..process_double import LEASE_S, Inbox, ProcessDouble


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbered_readers, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(numbered_readers, "LOOKS_BETWEEN_RETIREMENTS", 1)


@pytest.fixture
def inbox(process: ProcessDouble) -> Inbox:
    return process.inbox()


@pytest.fixture
async def readers(process: ProcessDouble, inbox: Inbox) -> NumberedReaders[Done]:
    """Readers of a process with one stream."""

    def make(number: int) -> GroupReader[Done]:
        return GroupReader(
            process.broker,
            stream=messages_accepted(number),
            group=DISPATCHERS,
            consumer=process.name,
            reader=Reader(Done),
            handle=inbox,
            quarantine=Quarantine(process.broker, "test"),
            clock_s=time.monotonic,
            lease_s=LEASE_S,
        )

    made = NumberedReaders(lambda: redis_of(process.broker), count=1, make=make)
    process.run(made.run())
    await reads(made, [0])
    return made


async def reads(readers: NumberedReaders[Done], numbers: list[int]) -> None:
    """Wait until these numbers are read."""
    async with asyncio.timeout(10):
        while readers.numbers != numbers or not readers.running:
            await asyncio.sleep(0.01)


async def announce(redis: Redis, count: int, *of_open_batches: int) -> None:
    announcer = StreamNumberAnnouncer(
        lambda: redis, count=count, of_open_batches=lambda: of_open_batches
    )
    await announcer.announce()


async def make_old(redis: Redis, number: int) -> None:
    """As if the number had not been announced for long."""
    seconds, _ = await redis.time()
    await redis.zadd(STREAM_NUMBERS, {str(number): seconds - RETIRED_AFTER_S - 1})


async def publish(process: ProcessDouble, number: int, version: int) -> None:
    await process.writer.write([Publication(messages_accepted(number), Done(version=version))])


async def test_a_number_that_a_gateway_announces_is_read(
    process: ProcessDouble, readers: NumberedReaders[Done], inbox: Inbox, redis: Redis
) -> None:
    await publish(process, 2, version=7)
    await announce(redis, 2, 2)

    assert await inbox.numbers(1) == [7]
    await reads(readers, [0, 1, 2])


async def test_a_number_retires_when_its_streams_are_empty_and_may_come_back(
    process: ProcessDouble, readers: NumberedReaders[Done], inbox: Inbox, redis: Redis
) -> None:
    await announce(redis, 2)
    await reads(readers, [0, 1])
    # A chunk that no worker has taken yet.
    chunk = await redis.xadd(deliveries_requested(1), {"__data__": b"x"})
    await make_old(redis, 1)
    await retire_numbers(redis, kept=())
    assert await numbers_in_use(redis, 1) == [0, 1]

    await redis.xdel(deliveries_requested(1), chunk)
    await reads(readers, [0])
    assert await numbers_in_use(redis, 1) == [0]

    await publish(process, 1, version=8)
    await announce(redis, 2)
    assert await inbox.numbers(1) == [8]
    await reads(readers, [0, 1])


async def test_the_numbers_of_a_process_stay_and_others_are_ignored(
    readers: NumberedReaders[Done], redis: Redis
) -> None:
    await redis.zadd(STREAM_NUMBERS, {"64": 1, "x": 2, "-1": 3, "5": 4})
    await make_old(redis, 0)
    await announce(redis, 1, 3)

    assert await numbers_in_use(redis, 1) in ([0, 3], [0, 3, 5])
    await reads(readers, [0, 3])
