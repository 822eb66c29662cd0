"""Metrics of the export of spans."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from angarium_chassis.metrics.catalog import Catalog

from .span_queue import SpanQueue

TRACES: Final = Catalog("Every process: traces, where they are on")
_SPANS = TRACES.read_counter(
    "angarium_trace_spans",
    "Spans that ended, by outcome: exported, failed (the collector did not take them) or dropped"
    " (too many waited for it).",
    "outcome",
)
_WAITING = TRACES.read_gauge("angarium_trace_spans_waiting", "Spans that wait for the collector.")


class SpanMetrics(Collector):
    """Reads the counts of the queue at each scrape."""

    def __init__(self, queue: SpanQueue) -> None:
        self._queue = queue

    def describe(self) -> list[Metric]:
        """Declare nothing, so that several of one process, as in tests, do not clash."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the counts as of now."""
        exporter = self._queue.exporter
        yield _SPANS.values(
            {
                "exported": exporter.exported,
                "failed": exporter.failed,
                "dropped": self._queue.dropped,
            }
        )
        yield _WAITING.value(self._queue.waiting)
