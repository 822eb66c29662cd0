"""The processes of a platform: each writes a heartbeat to Redis, from which all are listed."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from angarium_contracts.stream_names import PROCESSES, PROCESSES_SEEN
from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.observability.attributes import ConnectionState

from angarium_chassis.database.engine import Database
from angarium_chassis.examination.process_state import PoolState, ProcessState

from .cluster_client import ClusterClient

HEARTBEAT_EVERY_S: Final = 10.0
RUNNING_S: Final = 35.0
"""A process that has been silent for longer is not counted: three heartbeats may fail before."""
FORGOTTEN_AFTER_S: Final = 3_600
PROCESSES_MAX: Final = 1_000
"""Processes that are listed."""
_STATM: Final = Path("/proc/self/statm")
_USED: Final = ConnectionState.USED.value


class ProcessHeartbeat:
    """Describes one process in Redis, until it stops.

    `on_replicas` is told, with every heartbeat, how many processes of the same service run, this
    one included. After a loss of Redis's data the others take a heartbeat to be there again, so
    that the larger of two counts is told.
    """

    def __init__(
        self,
        redis: Callable[[], Redis],
        database: Database,
        *,
        service: str,
        replica: str,
        version: str,
        key_ids: tuple[str, ...],
        schema: str,
        stream_count: int,
        clock_ms: Callable[[], int],
        on_replicas: Callable[[int], None] | None = None,
    ) -> None:
        self._on_replicas = on_replicas
        self._replicas = 1
        self._redis = redis
        self._database = database
        self._service = service
        self._replica = replica
        self._version = version
        self._key_ids = key_ids
        self._schema = schema
        self._stream_count = stream_count
        self._clock_ms = clock_ms
        self._started_at_ms = clock_ms()
        self._field = f"{service}/{replica}"

    async def run(self) -> None:
        """Write until cancelled, then remove the description. Redis may be down meanwhile."""
        try:
            while True:
                with suppress(RedisError, OSError, TimeoutError):
                    await self.beat()
                await asyncio.sleep(HEARTBEAT_EVERY_S)
        finally:
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.leave()

    async def beat(self) -> None:
        """Write one heartbeat, and forget processes that have been silent for an hour. Raises
        redis-py's errors."""
        redis = self._redis()
        seconds, micros = await redis.time()
        seen_at_ms = seconds * 1000 + micros // 1000
        state = msgspec.msgpack.encode(self._state(seen_at_ms))
        before_ms = seen_at_ms - FORGOTTEN_AFTER_S * 1000
        gone = await redis.zrangebyscore(PROCESSES_SEEN, "-inf", before_ms, start=0, num=100)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.hset(PROCESSES, self._field, cast("str", state))
            pipe.zadd(PROCESSES_SEEN, {self._field: seen_at_ms})
            if gone:
                pipe.hdel(PROCESSES, *gone)
                pipe.zrem(PROCESSES_SEEN, *gone)
            if self._on_replicas is not None:
                pipe.zrangebyscore(PROCESSES_SEEN, seen_at_ms - int(RUNNING_S * 1000), "+inf")
            answers = await pipe.execute()
        if self._on_replicas is not None:
            before, self._replicas = self._replicas, self._replicas_of(answers[-1])
            self._on_replicas(max(before, self._replicas))

    async def leave(self) -> None:
        """Remove the description. Raises redis-py's errors."""
        async with self._redis().pipeline(transaction=True) as pipe:
            pipe.hdel(PROCESSES, self._field)
            pipe.zrem(PROCESSES_SEEN, self._field)
            await pipe.execute()

    def _replicas_of(self, fields: Sequence[bytes | str]) -> int:
        prefix = f"{self._service}/"
        names = (each.decode() if isinstance(each, bytes) else each for each in fields)
        return sum(each.startswith(prefix) for each in names)

    def _state(self, seen_at_ms: int) -> ProcessState:
        return ProcessState(
            service=self._service,
            id=self._replica,
            version=self._version,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at_ms=self._started_at_ms,
            clock_ms=self._clock_ms(),
            seen_at_ms=seen_at_ms,
            database_pool=database_pool(self._database),
            redis_pool=redis_pool(self._redis()),
            memory_bytes=_memory_bytes(),
            key_ids=self._key_ids,
            schema=self._schema,
            stream_count=self._stream_count,
        )


async def running_processes(redis: Redis) -> Sequence[ProcessState]:
    """The processes that have described themselves within the last hour, by service and start.
    Raises redis-py's errors."""
    newest: Any = await redis.zrevrange(PROCESSES_SEEN, 0, PROCESSES_MAX - 1)
    if not newest:
        return []
    found: Any = await cast("Awaitable[Any]", redis.hmget(PROCESSES, newest))
    states = []
    for each in found:
        with suppress(msgspec.MsgspecError, TypeError):
            # That of a newer version may have members that this one does not know.
            states.append(msgspec.msgpack.decode(each, type=ProcessState))
    return sorted(states, key=lambda each: (each.service, each.started_at_ms, each.id))


def database_pool(database: Database) -> PoolState | None:
    pool: Any = database.engine.pool
    try:
        return PoolState(int(pool.size()), int(pool.checkedout()))
    except AttributeError:
        return None


def redis_pool(redis: Redis) -> PoolState | None:
    if isinstance(redis, ClusterClient):
        return PoolState(*redis.connections())
    pool: Any = redis.connection_pool
    try:
        counts = pool.get_connection_count()
        used = sum(int(count) for count, labels in counts if _USED in labels.values())
        return PoolState(int(pool.max_connections), used)
    except (AttributeError, TypeError):
        return None


def _memory_bytes() -> int | None:
    """The resident memory of this process, where the system tells it."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return None
