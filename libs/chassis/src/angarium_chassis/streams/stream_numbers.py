"""The stream numbers in use, which gateways announce in Redis for dispatchers and workers.

So every process may have another `ANGARIUM_STREAM_COUNT` for a while. A number stays in use for as
long as a gateway has batches of it, however small the count has become meanwhile.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, Final

import structlog
from angarium_contracts.stream_names import (
    STREAM_NUMBERS,
    deliveries_requested,
    messages_accepted,
)
from redis.asyncio import Redis
from redis.exceptions import RedisError

ANNOUNCE_EVERY_S: Final = 2.0
RETIRED_AFTER_S: Final = 60.0
"""Longer than a gateway's batches may be without an owner that announces their number."""
NUMBERS_MAX: Final = 64
"""The largest `ANGARIUM_STREAM_COUNT`."""

log = structlog.get_logger()


class StreamNumberAnnouncer:
    """Announces the numbers that a gateway publishes to: those of its count, and those of its open
    batches, which keep the number that they were committed with."""

    def __init__(
        self,
        redis: Callable[[], Redis],
        *,
        count: int,
        of_open_batches: Callable[[], Iterable[int]],
    ) -> None:
        self._redis = redis
        self._count = count
        self._of_open_batches = of_open_batches

    async def run(self) -> None:
        """Announce until cancelled. Redis may be down meanwhile."""
        while True:
            with suppress(RedisError, OSError, TimeoutError):
                await self.announce()
            await asyncio.sleep(ANNOUNCE_EVERY_S)

    async def announce(self) -> None:
        """Announce once. Raises redis-py's errors."""
        redis = self._redis()
        now_s = int((await redis.time())[0])
        numbers = {*range(self._count), *self._of_open_batches()}
        await redis.zadd(STREAM_NUMBERS, dict.fromkeys(map(str, numbers), now_s))


async def numbers_in_use(redis: Redis, count: int) -> list[int]:
    """The numbers that `count` gives, and those announced and not retired. Raises redis-py's
    errors."""
    return sorted({*range(count), *await _announced(redis)})


async def retire_numbers(redis: Redis, *, kept: Collection[int]) -> None:
    """Forget the numbers that no gateway has announced for `RETIRED_AFTER_S` and whose streams are
    empty, except `kept`. Raises redis-py's errors.

    A gateway that announces a number in the same moment announces it again soon after.
    """
    announced = await _announced(redis)
    before_s = int((await redis.time())[0]) - RETIRED_AFTER_S
    for number, at_s in announced.items():
        if number in kept or at_s >= before_s:
            continue
        if not await _entries(redis, number):
            await redis.zrem(STREAM_NUMBERS, str(number))
            log.info("stream.number_retired", number=number)


async def _announced(redis: Redis) -> dict[int, float]:
    found: Any = await redis.zrevrange(STREAM_NUMBERS, 0, NUMBERS_MAX - 1, withscores=True)
    numbers = {int(name): float(at_s) for name, at_s in found if name.isdigit()}
    return {number: at_s for number, at_s in numbers.items() if number < NUMBERS_MAX}


async def _entries(redis: Redis, number: int) -> int:
    """Entries of a number that are waiting or in progress."""
    lengths = [await redis.xlen(name(number)) for name in (messages_accepted, deliveries_requested)]
    return sum(map(int, lengths))
