"""Figures of Redis and its streams, as one process of any service reports them.

Any service, so that a lag is seen even while no process of the reading service runs.
"""

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client.core import Metric
from redis.asyncio import Redis

from angarium_chassis.examination.process_state import SILENT_S
from angarium_chassis.examination.stream_checks import groups_read_by, read_group
from angarium_chassis.known_settings import SERVICES
from angarium_chassis.streams.process_registry import running_processes
from angarium_chassis.streams.quarantine import QuarantineContents
from angarium_chassis.streams.servers import server_infos
from angarium_chassis.streams.stream_numbers import numbers_in_use

from .catalog import Catalog, Declared, LabelValues

SUBJECT: Final = "redis"
EVERY_S: Final = 10.0

REDIS_AND_STREAMS: Final = Catalog("Redis and its streams")


def _of_stream(name: str, text: str) -> Declared:
    return REDIS_AND_STREAMS.read_gauge(
        f"angarium_stream_{name}", text, "stream", "group", platform_wide=True
    )


_LAG: Final = _of_stream("lag_entries", "Entries that no consumer of the group has taken yet.")
_PENDING: Final = _of_stream("pending_entries", "Entries that a consumer has taken.")
_ABANDONED: Final = _of_stream(
    "abandoned_entries", "Taken entries whose consumer has not renewed them; counted up to 100."
)
_OLDEST: Final = _of_stream(
    "oldest_entry_age_seconds", "Age of the oldest entry; finished entries are deleted."
)
_CONSUMERS: Final = _of_stream("consumers", "Consumers that read.")
_QUARANTINED: Final = REDIS_AND_STREAMS.read_gauge(
    "angarium_quarantined_entries",
    "Entries in the quarantine of a service.",
    "component",
    platform_wide=True,
)
_PROCESSES: Final = REDIS_AND_STREAMS.read_gauge(
    "angarium_processes",
    "Processes of a service that have written a heartbeat of late.",
    "component",
    platform_wide=True,
)
_MEMORY: Final = REDIS_AND_STREAMS.read_gauge(
    "angarium_redis_memory_bytes",
    "Memory that Redis uses; in a cluster, of all primaries.",
    platform_wide=True,
)
_MEMORY_MAX: Final = REDIS_AND_STREAMS.read_gauge(
    "angarium_redis_memory_bytes_max",
    "The limit `maxmemory` of Redis; 0 if there is none.",
    platform_wide=True,
)


class StreamFigures:
    """Reads the figures. Raises redis-py's errors."""

    def __init__(
        self, redis: Callable[[], Redis], *, stream_count: int, entry_lease_s: float
    ) -> None:
        self._redis = redis
        self._stream_count = stream_count
        self._lease_s = entry_lease_s

    async def read(self) -> Sequence[Metric]:
        """All figures, as of now."""
        redis = self._redis()
        numbers = await numbers_in_use(redis, self._stream_count)
        states = [
            await read_group(redis, stream, group, lease_s=self._lease_s)
            for stream, group in groups_read_by(SERVICES, numbers)
        ]
        memories = await server_infos(redis, "memory")
        of = {(each.stream, each.group): each for each in states}
        return [
            _LAG.values({key: each.waiting for key, each in of.items()}),
            _PENDING.values({key: each.pending for key, each in of.items()}),
            _ABANDONED.values({key: each.abandoned for key, each in of.items()}),
            _OLDEST.values({key: each.oldest_s for key, each in of.items()}),
            _CONSUMERS.values({key: each.living for key, each in of.items()}),
            _QUARANTINED.values(
                {name: await QuarantineContents(redis, name).count() for name in SERVICES}
            ),
            _PROCESSES.values(await self._processes(redis)),
            _MEMORY.value(sum(int(each.get("used_memory", 0)) for each in memories)),
            _MEMORY_MAX.value(sum(int(each.get("maxmemory", 0)) for each in memories)),
        ]

    async def _processes(self, redis: Redis) -> dict[LabelValues, float]:
        since_ms = (await redis.time())[0] * 1000 - SILENT_S * 1000
        living = [each for each in await running_processes(redis) if each.seen_at_ms >= since_ms]
        return {name: sum(each.service == name for each in living) for name in SERVICES}
