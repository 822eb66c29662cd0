"""The heartbeat of a stream's readers, by which `angarium doctor` knows that they live.

Before Redis 7.2 the `idle` of a consumer starts anew only when it gets an entry: on a stream with
nothing in it, a living reader looks like a dead one.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from angarium_contracts.stream_names import readers
from redis.asyncio import Redis
from redis.exceptions import RedisError

HEARTBEAT_EVERY_S = 10.0
FORGOTTEN_AFTER_S = 3_600
_START_SEEN_AFTER_S = 0.2


class ReaderHeartbeat:
    """Writes the time of Redis's clock for one consumer of a group, while it reads."""

    def __init__(
        self,
        redis: Callable[[], Redis],
        *,
        stream: str,
        group: str,
        consumer: str,
        reads: Callable[[], bool],
    ) -> None:
        self._redis = redis
        self._key = readers(stream, group)
        self._consumer = consumer
        self._reads = reads

    async def run(self) -> None:
        """Write until cancelled. Redis may be down meanwhile."""
        while True:
            if self._reads():
                with suppress(RedisError, OSError, TimeoutError):
                    await self.beat()
                await asyncio.sleep(HEARTBEAT_EVERY_S)
            else:
                await asyncio.sleep(_START_SEEN_AFTER_S)

    async def beat(self) -> None:
        """Write one heartbeat. Raises redis-py's errors."""
        seconds, micros = await self._redis().time()
        now_ms = seconds * 1000 + micros // 1000
        async with self._redis().pipeline(transaction=False) as pipe:
            pipe.zadd(self._key, {self._consumer: now_ms})
            pipe.zremrangebyscore(self._key, "-inf", now_ms - FORGOTTEN_AFTER_S * 1000)
            pipe.expire(self._key, FORGOTTEN_AFTER_S)
            await pipe.execute()


async def heartbeat_ages_s(redis: Redis, stream: str, group: str) -> dict[str, float]:
    """How long ago each consumer wrote its last heartbeat. Raises redis-py's errors."""
    beats: Any = await redis.zrange(readers(stream, group), 0, -1, withscores=True)
    seconds, micros = await redis.time()
    now_s = seconds + micros / 1_000_000
    return {name.decode(): max(0.0, now_s - score / 1000) for name, score in beats}
