"""Metrics of a relay for Prometheus. Needs the extra `metrics`."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from angarium_outbox.counters import LATENCY_BOUNDS_S, RelayCounters

_COUNTERS = {
    "accepted": "Events that Angarium accepted.",
    "set_aside": "Events that Angarium refused for good.",
    "failures": "Times that a sender had to wait because Angarium or the database failed.",
    "requests": "Requests to Angarium.",
    "pruned": "Accepted events that were deleted after their time.",
}
_GAUGES = {
    "lanes": ("lanes", "Lanes that this relay posts, of 32."),
    "pending": ("pending_events", "Events that are not accepted yet, counted up to 100,000."),
    "waiting_set_aside": ("set_aside_events", "Events that are set aside until requeued."),
    "oldest_age_s": ("oldest_pending_seconds", "Age of the oldest event not accepted yet."),
}


class RelayCollector(Collector):
    """Gives the counters of a relay as `angarium_outbox_…`."""

    def __init__(self, counters: RelayCounters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        """The metrics at this moment."""
        counters = self._counters
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(
                f"angarium_outbox_{name}", text, value=getattr(counters, name)
            )
        for member, (name, text) in _GAUGES.items():
            yield GaugeMetricFamily(
                f"angarium_outbox_{name}", text, value=getattr(counters, member)
            )
        yield HistogramMetricFamily(
            "angarium_outbox_latency_seconds",
            "Time from an event being added to being accepted.",
            buckets=self._buckets(),
            sum_value=counters.latency_sum_s,
        )

    def _buckets(self) -> list[tuple[str, float]]:
        bounds = [*(str(bound) for bound in LATENCY_BOUNDS_S), "+Inf"]
        total, buckets = 0, []
        for bound, count in zip(bounds, self._counters.latency, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets


def registry_of(counters: RelayCounters) -> CollectorRegistry:
    """A registry with the metrics of a relay."""
    registry = CollectorRegistry()
    registry.register(RelayCollector(counters))
    return registry
