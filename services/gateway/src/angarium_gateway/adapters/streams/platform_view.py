"""What Redis shows of the platform: processes, streams with their groups, the server itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from angarium_chassis.examination.findings import Finding, Level, worst
from angarium_chassis.examination.group_state import GroupState
from angarium_chassis.examination.process_checks import judge_processes
from angarium_chassis.examination.redis_checks import check_quarantine, check_redis
from angarium_chassis.examination.service_database import checked
from angarium_chassis.examination.stream_checks import groups_read_by, judge_group, read_group
from angarium_chassis.streams.process_registry import running_processes
from angarium_chassis.streams.quarantine import QuarantineContents
from angarium_chassis.streams.servers import server_infos
from angarium_chassis.streams.stream_numbers import numbers_in_use
from redis.asyncio import Redis
from redis.exceptions import RedisError

from angarium_gateway.application.platform.platform_state import Processes, RedisServer
from angarium_gateway.application.unavailable import StreamUnavailable

from .redis_failures import redis_failures

SERVICES: Final = ("gateway", "dispatcher", "worker")


class RedisPlatformView:
    """Implements the ports `StreamsView` and `StreamsExamination`. Reads only."""

    def __init__(
        self, redis: Callable[[], Redis], *, stream_count: int, entry_lease_s: float
    ) -> None:
        self._redis = redis
        self._stream_count = stream_count
        self._lease_s = entry_lease_s

    async def processes(self) -> Processes:
        """See `StreamsView`."""
        with redis_failures():
            states = await running_processes(self._redis())
            seconds, micros = await self._redis().time()
        return Processes(states, seconds * 1000 + micros // 1000)

    async def groups(self) -> Sequence[GroupState]:
        """See `StreamsView`."""
        with redis_failures():
            return [await self._group(*group) for group in await self._groups()]

    async def server(self) -> RedisServer:
        """See `StreamsView`."""
        with redis_failures():
            infos = await server_infos(self._redis())
        info = infos[0]
        on_valkey = "valkey_version" in info
        return RedisServer(
            name="Valkey" if on_valkey else "Redis",
            version=str(info["valkey_version" if on_valkey else "redis_version"]),
            memory_bytes=sum(int(each.get("used_memory", 0)) for each in infos),
            memory_bytes_max=sum(int(each.get("maxmemory", 0)) for each in infos) or None,
            clients=sum(int(each.get("connected_clients", 0)) for each in infos),
            uptime_s=min(int(each.get("uptime_in_seconds", 0)) for each in infos),
        )

    async def quarantined(self) -> Mapping[str, int]:
        """See `StreamsView`."""
        with redis_failures():
            return {
                service: await QuarantineContents(self._redis(), service).count()
                for service in SERVICES
            }

    async def in_streams(self) -> int | None:
        """The number of entries in all streams; None if Redis does not answer."""
        try:
            return sum(each.length for each in await self.groups())
        except StreamUnavailable:
            return None

    async def examine(self) -> Sequence[Finding]:
        """See `StreamsExamination`."""
        found = await checked("redis", lambda: check_redis(self._redis()))
        if worst(found) is Level.PROBLEM:
            return found
        found += await checked("processes", self._processes)
        groups = groups_read_by(SERVICES, range(self._stream_count))
        with suppress(RedisError, OSError, TimeoutError):
            groups = await self._groups()
        for stream, group in groups:
            found += await checked(f"stream {stream}", self._check_of(stream, group))
        return found + await checked("quarantine", self._quarantines)

    async def _groups(self) -> list[tuple[str, str]]:
        return groups_read_by(SERVICES, await numbers_in_use(self._redis(), self._stream_count))

    def _check_of(self, stream: str, group: str) -> Callable[[], Awaitable[list[Finding]]]:
        async def check() -> list[Finding]:
            return judge_group(await self._group(stream, group))

        return check

    async def _group(self, stream: str, group: str) -> GroupState:
        return await read_group(self._redis(), stream, group, lease_s=self._lease_s)

    async def _processes(self) -> list[Finding]:
        found = await self.processes()
        return judge_processes(found.states, now_ms=found.now_ms)

    async def _quarantines(self) -> list[Finding]:
        return await check_quarantine(self._redis(), SERVICES)
