"""The backlog of the platform by time, sampled once a minute."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution

from angarium_gateway.application.read.statistics import DEFAULT_PERIODS, start_of_period
from angarium_gateway.application.unavailable import JournalUnavailable

from .platform_state import Backlog, BacklogView, in_time

SAMPLE_EVERY_S: Final = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BacklogPoint:
    """The largest backlog that was seen in a period."""

    starts_at: datetime
    open_batches: int
    oldest_open_s: float


class BacklogSeries(Protocol):
    """Samples of the backlog. Every method raises `JournalUnavailable`."""

    async def add(self, backlog: Backlog, at: datetime) -> None:
        """Note a backlog in the minute, the hour and the day of this time."""

    async def since(self, resolution: Resolution, since: datetime) -> Sequence[BacklogPoint]:
        """The newest 1,500 periods that begin at this time or later, the oldest first. Periods
        without a sample are left out."""
        ...


class ReadBacklog:
    """Reads samples of the backlog."""

    def __init__(self, series: BacklogSeries, now: Callable[[], datetime]) -> None:
        self._series = series
        self._now = now

    async def __call__(
        self, resolution: Resolution, since: datetime | None
    ) -> Sequence[BacklogPoint] | None:
        """The periods from the one with `since`; by default, of the last 60 minutes, 24 hours or 30
        days. None: they could not be read in time."""
        length = timedelta(microseconds=LENGTH_US[resolution])
        default = self._now() - length * (DEFAULT_PERIODS[resolution] - 1)
        first = start_of_period(since or default, resolution)
        return await in_time(self._series.since(resolution, first))


class SampleBacklog:
    """Samples the backlog once a minute, in the background."""

    def __init__(
        self,
        journal: BacklogView,
        series: BacklogSeries,
        now: Callable[[], datetime],
        *,
        every_s: float = SAMPLE_EVERY_S,
    ) -> None:
        self._journal = journal
        self._series = series
        self._now = now
        self._every_s = every_s

    async def run(self) -> None:
        """Sample every `every_s` until cancelled. While the journal does not answer, samples are
        left out."""
        while True:
            try:
                await self._series.add(await self._journal.backlog(), self._now())
            except JournalUnavailable as error:
                log.info("backlog.not_sampled", error=str(error))
            await asyncio.sleep(self._every_s)
