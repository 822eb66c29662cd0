"""A process of a service, on a real Valkey, put together as the services do it.

Suites of other libraries import the fixtures into their own `conftest.py`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import cast

import pytest
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.received import Handler, Received
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Done
from redis.asyncio import Redis

STREAM = "numbers"
GROUP = "readers"
LEASE_S = 0.6


async def entries_of(redis: Redis, stream: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Ids and fields of all entries of a stream."""
    # redis-py's types allow for answers that only other versions or options give.
    return cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(stream))


class Inbox:
    """A handler that keeps what it gets. Finishes entries (`done`) unless told not to."""

    def __init__(self, writer: StreamWriter, *, finish: bool = True) -> None:
        self.entries: asyncio.Queue[Received[Done]] = asyncio.Queue()
        self.seen: list[int] = []
        self.writer = writer
        self.finish = finish

    async def __call__(self, received: Sequence[Received[Done]]) -> None:
        if self.finish:
            await self.writer.write([], done=received)
        for entry in received:
            self.seen.append(entry.value.version)
            self.entries.put_nowait(entry)

    async def get(self) -> Received[Done]:
        async with asyncio.timeout(15):
            return await self.entries.get()

    async def numbers(self, count: int) -> list[int]:
        return [(await self.get()).value.version for _ in range(count)]


class ProcessDouble:
    """The parts of one process: a broker, a writer, readers that run."""

    def __init__(self, url: str, name: str) -> None:
        self.broker = open_broker(url)
        self.name = name
        self.writer = StreamWriter(self.broker)
        self.tasks: list[asyncio.Task[None]] = []

    def run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.append(task)
        return task

    def inbox(self, *, finish: bool = True) -> Inbox:
        return Inbox(self.writer, finish=finish)

    def read(
        self, handle: Handler[Done], *, entries_max: int = 16, lease_s: float = LEASE_S
    ) -> GroupReader[Done]:
        """Start a group reader of the numbers."""
        reader = GroupReader(
            self.broker,
            stream=STREAM,
            group=GROUP,
            consumer=self.name,
            reader=Reader(Done),
            handle=handle,
            quarantine=Quarantine(self.broker, "test"),
            clock_s=time.monotonic,
            entries_max=entries_max,
            lease_s=lease_s,
        )
        self.run(reader.run())
        return reader

    async def publish(self, *numbers: int) -> list[bytes]:
        publications = [Publication(STREAM, Done(version=number)) for number in numbers]
        return await self.writer.write(publications)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.broker.stop()


type NewProcess = Callable[[str], Awaitable[ProcessDouble]]


@pytest.fixture
async def new_process(redis_url: str) -> AsyncIterator[NewProcess]:
    """Makes a process double by name."""
    async with AsyncExitStack() as closing:

        async def make(name: str) -> ProcessDouble:
            process = ProcessDouble(redis_url, name)
            await process.broker.connect()
            closing.push_async_callback(process.close)
            return process

        yield make


@pytest.fixture
async def process(new_process: NewProcess) -> ProcessDouble:
    """The one process of a test that needs no more."""
    return await new_process("first")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A plain client, to look behind the chassis."""
    async with Redis.from_url(redis_url) as client:
        yield client
