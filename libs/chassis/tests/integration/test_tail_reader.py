import asyncio
from collections.abc import Sequence

from angarium_chassis.streams.tail_reader import TailReader
from angarium_cli.engines import ValkeyProcess
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Done
from redis.asyncio import Redis

from ..process_double import STREAM, NewProcess, ProcessDouble


class Tail:
    """A tail reader that runs, and what it got."""

    def __init__(
        self, process: ProcessDouble, *, from_now: bool = False, trim: bool = False
    ) -> None:
        self.numbers: asyncio.Queue[int] = asyncio.Queue()
        self.refused: set[int] = set()
        self.reader = TailReader(
            process.broker,
            stream=STREAM,
            reader=Reader(Done),
            handle=self.keep,
            from_now=from_now,
            trim=trim,
        )
        process.run(self.reader.run())

    async def keep(self, received: Sequence[Done]) -> None:
        for value in received:
            self.numbers.put_nowait(value.version)
            if value.version in self.refused:
                raise ValueError("cannot be handled")

    async def take(self, count: int) -> list[int]:
        async with asyncio.timeout(15):
            return [await self.numbers.get() for _ in range(count)]


async def test_a_tail_is_read_from_the_oldest_entry_on(process: ProcessDouble) -> None:
    await process.publish(1, 2)
    tail = Tail(process)
    assert await tail.take(2) == [1, 2]

    await process.publish(3)

    assert await tail.take(1) == [3]
    assert tail.reader.running


async def test_every_process_sees_every_entry(new_process: NewProcess) -> None:
    first, second = await new_process("first"), await new_process("second")
    tails = [Tail(first), Tail(second)]

    await first.publish(1, 2)

    assert [await tail.take(2) for tail in tails] == [[1, 2], [1, 2]]


async def test_a_tail_from_now_skips_what_was_there(process: ProcessDouble) -> None:
    await process.publish(1, 2)
    tail = Tail(process, from_now=True)
    await tail.reader.positioned()

    await process.publish(3)

    assert await tail.take(1) == [3]


async def test_a_tail_from_now_of_an_empty_stream_gets_the_first_entry(
    process: ProcessDouble,
) -> None:
    tail = Tail(process, from_now=True)
    await tail.reader.positioned()

    await process.publish(1)

    assert await tail.take(1) == [1]


async def test_what_was_handled_is_trimmed(process: ProcessDouble, redis: Redis) -> None:
    await process.publish(1, 2)
    tail = Tail(process, trim=True)
    await tail.take(2)
    await process.publish(3)
    await tail.take(1)
    await process.publish(4)
    await tail.take(1)

    async with asyncio.timeout(5):
        while await redis.xlen(STREAM):
            await asyncio.sleep(0.05)


async def test_unreadable_entries_are_skipped(process: ProcessDouble, redis: Redis) -> None:
    await redis.xadd(STREAM, {"__data__": b"\xc1"})
    await redis.xadd(STREAM, {"other": b"field"})
    await process.publish(3)

    assert await Tail(process).take(1) == [3]


async def test_a_handler_that_raises_loses_its_batch_only(process: ProcessDouble) -> None:
    tail = Tail(process)
    tail.refused.add(1)
    await process.publish(1)
    assert await tail.take(1) == [1]

    await process.publish(2)

    assert await tail.take(1) == [2]


async def test_reading_goes_on_after_flushall(process: ProcessDouble, redis: Redis) -> None:
    tail = Tail(process)
    await process.publish(1)
    assert await tail.take(1) == [1]

    await redis.flushall()
    await process.publish(2)

    assert await tail.take(1) == [2]


async def test_reading_begins_when_redis_comes_up_late_and_survives_a_restart(
    own_process: ProcessDouble, own_valkey: ValkeyProcess
) -> None:
    tail = Tail(own_process)
    await asyncio.to_thread(own_valkey.start)
    await own_process.publish(1)
    assert await tail.take(1) == [1]

    await asyncio.to_thread(own_valkey.kill)
    await asyncio.to_thread(own_valkey.start)
    await own_process.publish(2)

    assert await tail.take(1) == [2]
