"""Prometheus metrics of the worker, read from plain counters at each scrape."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from angarium_worker.application.capacity.worker_counters import DURATION_BOUNDS_S, WorkerCounters
from angarium_worker.worker import Worker


class WorkerMetrics(Collector):
    """Collects the metrics of one worker. `main` sets `pending_total` from time to time."""

    def __init__(self, worker: Worker[Any]) -> None:
        self._worker = worker
        self.pending_total = 0

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as of now."""
        worker = self._worker
        usage, counters = worker.capacity.slots.usage(), worker.capacity.counters
        yield _by_outcome(
            "angarium_worker_attempts",
            "Attempts made, by outcome.",
            {"delivered": counters.delivered, "failed": counters.failed},
        )
        yield _by_outcome(
            "angarium_worker_unsent_deliveries",
            "Deliveries that were not attempted: parked for later, or cancelled.",
            {"parked": counters.parked, "cancelled": counters.cancelled},
        )
        for name, text, count in (
            ("exhausted", "Deliveries that ended without success.", counters.exhausted),
            ("retries", "Attempts after the first.", counters.retries),
            ("stale_outcomes", "Outcomes that came after another took over.", counters.stale),
            ("chunks_settled", "Chunks recorded and settled.", counters.chunks_settled),
        ):
            yield CounterMetricFamily(f"angarium_worker_{name}", text, value=count)
        yield _durations(counters)
        yield _endpoints(worker.endpoints.guards.by_state())
        for name, text, count in (
            (
                "deliveries_in_flight",
                "Deliveries being sent now, the slow ones aside.",
                usage.sending,
            ),
            ("deliveries_in_flight_slow", "Attempts that last long.", usage.slow),
            ("deliveries_waiting", "Deliveries that wait in memory.", usage.waiting),
            ("lanes_held", "Lanes of endpoints that this worker holds.", worker.lanes.held),
            (
                "endpoints_failing",
                "Endpoints without a success of late.",
                worker.endpoints.health.failing_total,
            ),
            ("deliveries_in_hand", "Deliveries begun and not yet settled.", usage.in_hand),
            ("payload_bytes_in_hand", "Payload bytes of those.", usage.bytes_in_hand),
            ("deliveries_pending", "Deliveries that wait in the database.", self.pending_total),
        ):
            yield GaugeMetricFamily(f"angarium_worker_{name}", text, value=count)


def _by_outcome(name: str, text: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=["outcome"])
    for outcome, count in counts.items():
        family.add_metric([outcome], count)
    return family


def _endpoints(by_state: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "angarium_worker_endpoints",
        "Endpoints in use, by state: open is that of the circuit breaker.",
        labels=["state"],
    )
    for state in ("delivering", "waiting", "open", "probing", "recovering"):
        family.add_metric([state], by_state.get(state, 0))
    return family


def _durations(counters: WorkerCounters) -> Metric:
    bounds = [*(str(bound) for bound in DURATION_BOUNDS_S), "+Inf"]
    return HistogramMetricFamily(
        "angarium_worker_attempt_duration_seconds",
        "How long attempts took, from the start to the end of the answer.",
        buckets=list(zip(bounds, accumulate(counters.durations), strict=True)),
        sum_value=counters.duration_sum_s,
    )
