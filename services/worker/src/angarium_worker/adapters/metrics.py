"""The worker's metrics, read from plain counters when somebody scrapes."""

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from angarium_worker.application.capacity.delivery_slots import DeliverySlots
from angarium_worker.application.capacity.worker_counters import DURATION_BOUNDS_S, WorkerCounters
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards


class WorkerMetrics(Collector):
    """Register once. `pending_total` is set from time to time by its owner."""

    def __init__(
        self,
        tally: WorkerCounters,
        room: DeliverySlots,
        gates: EndpointGuards,
        lanes_held: Callable[[], int],
        failing_total: Callable[[], int],
    ) -> None:
        self._tally = tally
        self._room = room
        self._gates = gates
        self._lanes_held = lanes_held
        self._failing_total = failing_total
        self.pending_total = 0

    def collect(self) -> Iterator[Metric]:
        """All of them, as of now."""
        tally, room = self._tally, self._room
        yield _by_outcome(
            "angarium_worker_attempts",
            "Attempts made, by outcome.",
            {"delivered": tally.delivered, "failed": tally.failed},
        )
        yield _by_outcome(
            "angarium_worker_unsent_deliveries",
            "Deliveries that were not attempted: parked for later, or cancelled.",
            {"parked": tally.parked, "cancelled": tally.cancelled},
        )
        for name, text, count in (
            ("exhausted", "Deliveries that ended without success.", tally.exhausted),
            ("retries", "Attempts after the first.", tally.retries),
            ("stale_outcomes", "Outcomes that came after another took over.", tally.stale),
            ("chunks_settled", "Chunks recorded and settled.", tally.chunks_settled),
        ):
            yield CounterMetricFamily(f"angarium_worker_{name}", text, value=count)
        yield _durations(tally)
        yield _endpoints(self._gates.by_state())
        for name, text, count in (
            (
                "deliveries_in_flight",
                "Deliveries being sent now, the slow ones aside.",
                room.sending,
            ),
            ("deliveries_in_flight_slow", "Attempts that last long.", room.slow),
            ("deliveries_waiting", "Deliveries that wait in memory.", room.waiting),
            ("lanes_held", "Lanes of endpoints that this worker holds.", self._lanes_held()),
            ("endpoints_failing", "Endpoints without a success of late.", self._failing_total()),
            ("deliveries_in_hand", "Deliveries begun and not yet settled.", room.in_hand),
            ("payload_bytes_in_hand", "Payload bytes of those.", room.bytes_in_hand),
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


def _durations(tally: WorkerCounters) -> Metric:
    bounds = [*(str(bound) for bound in DURATION_BOUNDS_S), "+Inf"]
    return HistogramMetricFamily(
        "angarium_worker_attempt_duration_seconds",
        "How long attempts took, from the start to the end of the answer.",
        buckets=list(zip(bounds, accumulate(tally.durations), strict=True)),
        sum_value=tally.duration_sum_s,
    )
