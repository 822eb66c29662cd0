"""Metrics that every process has: its version, readiness, event loop and pools."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from redis.asyncio import Redis

from angarium_chassis.database.engine import Database
from angarium_chassis.examination.process_state import PoolState
from angarium_chassis.health import Readiness
from angarium_chassis.streams.process_registry import database_pool, redis_pool

from .catalog import Catalog, Declared
from .loop_lag import LoopLag

COMPONENT: Final = "component"
"""The label with the name of the service. The label `service` would collide with the one that
Prometheus itself often gives a target, as in Kubernetes."""
EVERY_PROCESS: Final = Catalog("Every process")
_BUILD: Final = EVERY_PROCESS.read_gauge(
    "angarium_build_info", "1, with the version that runs.", COMPONENT, "version"
)
_READY: Final = EVERY_PROCESS.read_gauge(
    "angarium_ready",
    "1 if the process was ready when it was last examined, which is every few seconds.",
    COMPONENT,
)
_LAG: Final = EVERY_PROCESS.read_histogram(
    "angarium_event_loop_lag_seconds",
    "How late the event loop ran a timer. More than some 50 ms mean that the process has no CPU"
    " left, or that something blocks the loop.",
    COMPONENT,
)
_TASKS: Final = EVERY_PROCESS.read_gauge(
    "angarium_event_loop_tasks", "Tasks of the event loop.", COMPONENT
)
_DATABASE: Final = EVERY_PROCESS.read_gauge(
    "angarium_database_connections_used", "Connections to the database in use.", COMPONENT
)
_DATABASE_MAX: Final = EVERY_PROCESS.read_gauge(
    "angarium_database_connections_max",
    "Connections to the database that the process may open.",
    COMPONENT,
)
_REDIS: Final = EVERY_PROCESS.read_gauge(
    "angarium_redis_connections_used", "Connections to Redis in use.", COMPONENT
)
_REDIS_MAX: Final = EVERY_PROCESS.read_gauge(
    "angarium_redis_connections_max", "Connections to Redis that the process may open.", COMPONENT
)


class ProcessMetrics(Collector):
    """Collects the metrics of one process."""

    def __init__(
        self,
        service: str,
        version: str,
        *,
        readiness: Readiness,
        loop_lag: LoopLag,
        database: Database,
        redis: Callable[[], Redis],
    ) -> None:
        self._service = service
        self._version = version
        self._readiness = readiness
        self._loop_lag = loop_lag
        self._database = database
        self._redis = redis

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as of now. Call it within the event loop."""
        service = self._service
        yield _BUILD.values({(service, self._version): 1})
        yield _READY.values({service: int(self._readiness.was_ready)})
        yield _LAG.histograms({service: self._loop_lag.lags})
        yield _TASKS.values({service: len(asyncio.all_tasks())})
        yield from self._pool(_DATABASE, _DATABASE_MAX, database_pool(self._database))
        yield from self._pool(_REDIS, _REDIS_MAX, redis_pool(self._redis()))

    def _pool(self, used: Declared, limit: Declared, pool: PoolState | None) -> Iterator[Metric]:
        if pool is not None:
            yield used.values({self._service: pool.in_use})
            yield limit.values({self._service: pool.size})
