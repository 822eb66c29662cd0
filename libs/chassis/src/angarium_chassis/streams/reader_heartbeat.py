"""The heartbeat of a stream's readers: by it `angarium doctor` knows that they live, and readers
remove the consumers of processes that have ended.

Before Redis 7.2 the `idle` of a consumer starts anew only when it gets an entry: on a stream with
nothing in it, a living reader looks like a dead one.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from angarium_contracts.stream_names import readers
from redis.asyncio import Redis
from redis.exceptions import RedisError

HEARTBEAT_EVERY_S = 10.0
FORGOTTEN_AFTER_S = 3_600
BEATS_BETWEEN_REMOVALS = 60
REMOVED_MAX = 1_000
"""Consumers that are removed at once."""
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
        self._stream = stream
        self._group = group
        self._key = readers(stream, group)
        self._consumer = consumer
        self._reads = reads

    async def run(self) -> None:
        """Write until cancelled, and remove dead consumers now and then. Redis may be down
        meanwhile."""
        beats = 0
        while True:
            if self._reads():
                with suppress(RedisError, OSError, TimeoutError):
                    await self.beat()
                    if beats % BEATS_BETWEEN_REMOVALS == 0:
                        await remove_dead_consumers(self._redis(), self._stream, self._group)
                beats += 1
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


async def remove_dead_consumers(redis: Redis, stream: str, group: str) -> None:
    """Remove the consumers of a group that hold no entry and have neither read nor written a
    heartbeat for `FORGOTTEN_AFTER_S`: every start of a process adds one. Raises redis-py's errors.

    What a dead consumer holds goes to another one first. A consumer that reads again after all, as
    in a process that was frozen, is added again by Redis.
    """
    rows: Any = await redis.xinfo_consumers(stream, group)
    beats = await heartbeat_ages_s(redis, stream, group)
    dead = [row["name"] for row in rows if _is_dead(row, beats)]
    async with redis.pipeline(transaction=False) as pipe:
        for name in dead[:REMOVED_MAX]:
            pipe.xgroup_delconsumer(stream, group, name)
        await pipe.execute()


def _is_dead(row: Mapping[str, Any], beats: Mapping[str, float]) -> bool:
    silent_s = min(int(row["idle"]) / 1000, beats.get(row["name"].decode(), math.inf))
    return not int(row["pending"]) and silent_s >= FORGOTTEN_AFTER_S
