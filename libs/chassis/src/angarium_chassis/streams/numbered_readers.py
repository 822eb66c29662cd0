"""Reads the numbered streams in use, each with a reader of its own."""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .group_reader import GroupReader
from .stream_numbers import numbers_in_use, retire_numbers

LOOK_EVERY_S = 2.0
LOOKS_BETWEEN_RETIREMENTS = 5

log = structlog.get_logger()


class NumberedReaders[T]:
    """Keeps a reader running for each number of `count`, and for each that a gateway announces.
    `run()` until cancelled.

    `make` makes the reader of a number. A number that is no longer in use is read until its streams
    are empty.
    """

    def __init__(
        self, redis: Callable[[], Redis], *, count: int, make: Callable[[int], GroupReader[T]]
    ) -> None:
        self._redis = redis
        self._own = range(count)
        self._make = make
        # Kept when their number retires: FastStream does not forget a subscriber, so a number that
        # comes back takes its former reader.
        self._readers = {number: make(number) for number in self._own}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def numbers(self) -> list[int]:
        """The numbers that are read."""
        return sorted(number for number, task in self._tasks.items() if not task.done())

    @property
    def running(self) -> bool:
        """True while all readers of the process's own count read."""
        return all(self._readers[number].running for number in self._own)

    async def run(self) -> None:
        """Read until cancelled, then wait for the handlers that run."""
        async with asyncio.TaskGroup() as tasks:
            self._start(tasks, self._own)
            looks = 0
            while True:
                looks += 1
                try:
                    await self._look(tasks, retire=looks % LOOKS_BETWEEN_RETIREMENTS == 0)
                except (RedisError, OSError, TimeoutError) as error:
                    log.debug("stream.numbers_unknown", error=str(error))
                await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, tasks: asyncio.TaskGroup, *, retire: bool) -> None:
        redis = self._redis()
        if retire:
            await retire_numbers(redis, kept=self._own)
        wanted = await numbers_in_use(redis, len(self._own))
        for number, task in tuple(self._tasks.items()):
            if task.done():
                del self._tasks[number]
            elif number not in wanted and not task.cancelling():
                task.cancel()
        self._start(tasks, wanted)

    def _start(self, tasks: asyncio.TaskGroup, numbers: Iterable[int]) -> None:
        for number in numbers:
            # One that is ending may still have handlers that run.
            if number in self._tasks:
                continue
            if number not in self._readers:
                self._readers[number] = self._make(number)
            if number not in self._own:
                log.info("stream.number_read", number=number)
            self._tasks[number] = tasks.create_task(self._readers[number].run())
