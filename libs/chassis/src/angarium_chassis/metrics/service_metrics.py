"""Everything that one service process measures of itself, put together."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from redis.asyncio import Redis

from angarium_chassis.database.engine import Database
from angarium_chassis.health import Readiness
from angarium_chassis.settings import ServiceSettings

from . import stream_figures
from .loop_lag import LoopLag
from .platform_figures import PlatformFigures
from .process_metrics import ProcessMetrics
from .reporter_claim import ReporterClaim
from .scrape import Scrape
from .stream_figures import StreamFigures


@dataclass(frozen=True, slots=True)
class Process:
    """A service process, as its metrics name it."""

    service: str
    version: str
    replica: str
    readiness: Readiness
    database: Database
    redis: Callable[[], Redis]


@dataclass(frozen=True, slots=True)
class SharedFigures:
    """Figures that all replicas of a service could read: one of them does, every `every_s`."""

    subject: str
    read: Callable[[], Awaitable[Sequence[Metric]]]
    every_s: float


class ServiceMetrics:
    """The metrics of one process. `scrape` answers /metrics; `run()` until cancelled."""

    def __init__(
        self,
        process: Process,
        settings: ServiceSettings,
        *,
        collectors: Iterable[Collector] = (),
        shared: Sequence[SharedFigures] = (),
    ) -> None:
        self._process = process
        self._loop_lag = LoopLag()
        streams = StreamFigures(
            process.redis,
            stream_count=settings.stream_count,
            entry_lease_s=settings.entry_lease_s,
        )
        of_redis = SharedFigures(stream_figures.SUBJECT, streams.read, stream_figures.EVERY_S)
        own = ProcessMetrics(
            process.service,
            process.version,
            readiness=process.readiness,
            loop_lag=self._loop_lag,
            database=process.database,
            redis=process.redis,
        )
        self.scrape = Scrape([own, *collectors], [self._one(each) for each in (of_redis, *shared)])

    def _one(self, shared: SharedFigures) -> PlatformFigures:
        claim = ReporterClaim(self._process.redis, shared.subject, self._process.replica)
        return PlatformFigures(claim, shared.read, every_s=shared.every_s, clock_s=time.monotonic)

    async def run(self) -> None:
        """Measure the event loop and examine the readiness until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._loop_lag.run())
            tasks.create_task(self._process.readiness.watch())
