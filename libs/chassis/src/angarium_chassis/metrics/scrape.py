"""The answer of /metrics: what the process counts, and what it reads when it is scraped."""

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .platform_figures import PlatformFigures

REFRESH_TIMEOUT_S: Final = 6.0
"""Shorter than the scrape timeout of Prometheus, 10 s."""
_READING_SHARE: Final = 0.8
"""Of the time that a scraper waits; the rest is for the answer and its way."""


def refresh_timeout_s(scrape_timeout: str) -> float:
    """The seconds that reading may take, for a scraper with this timeout: the value of the header
    X-Prometheus-Scrape-Timeout-Seconds, which Prometheus sends."""
    try:
        patience_s = float(scrape_timeout)
    except ValueError:
        return REFRESH_TIMEOUT_S
    if not (math.isfinite(patience_s) and patience_s > 0):
        return REFRESH_TIMEOUT_S
    return min(REFRESH_TIMEOUT_S, patience_s * _READING_SHARE)


class Scrape:
    """Collects the metrics of one process: its own, and those of `REGISTRY` (Python, the process,
    and what modules count)."""

    def __init__(
        self, collectors: Iterable[Collector] = (), figures: Sequence[PlatformFigures] = ()
    ) -> None:
        self._figures = figures
        self._registry = CollectorRegistry(auto_describe=False)
        for collector in (_OfTheProcess(), *collectors, *figures):
            self._registry.register(collector)

    async def answer(self, accept: str = "", scrape_timeout: str = "") -> tuple[str, bytes]:
        """The media type and the text, in the format that `accept` prefers, before the scraper's
        patience ends: the process's own metrics are never missing because a figure is."""
        try:
            async with asyncio.timeout(refresh_timeout_s(scrape_timeout)):
                await asyncio.gather(*(each.refresh() for each in self._figures))
        except TimeoutError:
            pass  # the figures that were read in time are reported
        encode, media_type = choose_encoder(accept)
        return media_type, encode(self._registry)


class _OfTheProcess(Collector):
    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
