"""Figures of the whole platform, read at a scrape by the one process that reports them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from angarium_chassis.database.engine import CONNECTION_ERRORS

READ_TIMEOUT_S: Final = 5.0

log = structlog.get_logger()


class Claim(Protocol):
    """Decides whether this process reports."""

    async def held(self) -> bool: ...


class PlatformFigures(Collector):
    """Figures that `read` gives, at most one read in `every_s`.

    A figure that cannot be read is missing: a stale one would hide the failure.
    """

    def __init__(
        self,
        claim: Claim,
        read: Callable[[], Awaitable[Sequence[Metric]]],
        *,
        every_s: float,
        clock_s: Callable[[], float],
    ) -> None:
        self._claim = claim
        self._read = read
        self._every_s = every_s
        self._clock_s = clock_s
        self._read_at_s = float("-inf")
        self._metrics: Sequence[Metric] = ()

    def describe(self) -> list[Metric]:
        """Declare nothing: what is read is known at a scrape only."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what `refresh` has read."""
        yield from self._metrics

    async def refresh(self) -> None:
        """Read again, if this process is the one that reports and the last read is old enough.

        Cancelled, as when the scraper waits no longer, it leaves the figures missing.
        """
        try:
            await self._refresh()
        except asyncio.CancelledError:
            self._forget()
            raise

    async def _refresh(self) -> None:
        if not await self._claim.held():
            self._forget()
            return
        if self._clock_s() - self._read_at_s < self._every_s:
            return
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                self._metrics = await self._read()
        except (*CONNECTION_ERRORS, RedisError, TimeoutError) as error:
            log.warning("metrics.not_read", error=type(error).__name__)
            self._forget()
            return
        self._read_at_s = self._clock_s()

    def _forget(self) -> None:
        self._metrics = ()
        self._read_at_s = float("-inf")
