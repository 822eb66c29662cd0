"""Metrics of the export of spans."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .span_queue import SpanQueue


class SpanMetrics(Collector):
    """`angarium_trace_spans_total` by outcome, and `angarium_trace_spans_waiting`."""

    def __init__(self, queue: SpanQueue) -> None:
        self._queue = queue

    def describe(self) -> list[Metric]:
        """Declare nothing, so that several of one process, as in tests, do not clash."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the counts as of now."""
        family = CounterMetricFamily(
            "angarium_trace_spans",
            "Spans that ended, by outcome: exported, failed (the collector did not take them) or"
            " dropped (too many waited for it).",
            labels=["outcome"],
        )
        exporter = self._queue.exporter
        for outcome, count in (
            ("exported", exporter.exported),
            ("failed", exporter.failed),
            ("dropped", self._queue.dropped),
        ):
            family.add_metric([outcome], count)
        yield family
        yield GaugeMetricFamily(
            "angarium_trace_spans_waiting",
            "Spans that wait for the collector.",
            value=self._queue.waiting,
        )
