"""Prometheus metrics of the worker, read from plain counters at each scrape."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from angarium_chassis.metrics.catalog import Catalog, LabelValues
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from angarium_worker.application.capacity.worker_counters import STATUS_CLASSES, WorkerCounters
from angarium_worker.domain.attempt_result import FailureReason
from angarium_worker.worker import Worker

WORKER: Final = Catalog("Worker")
_ATTEMPTS: Final = WORKER.read_counter(
    "angarium_worker_attempts",
    "Attempts made, by outcome (delivered, failed) and class of the HTTP status (none without an"
    " answer).",
    "outcome",
    "status",
)
_FAILURES: Final = WORKER.read_counter(
    "angarium_worker_failures",
    "Failed attempts that have a reason beside the HTTP status.",
    "reason",
)
_UNSENT: Final = WORKER.read_counter(
    "angarium_worker_unsent_deliveries",
    "Deliveries that were not attempted: parked for later, or cancelled.",
    "outcome",
)
_EXHAUSTED: Final = WORKER.read_counter(
    "angarium_worker_exhausted", "Deliveries that ended without success."
)
_RETRIES: Final = WORKER.read_counter("angarium_worker_retries", "Attempts after the first.")
_STALE: Final = WORKER.read_counter(
    "angarium_worker_stale_outcomes", "Outcomes that came after another took over."
)
_CHUNKS: Final = WORKER.read_counter(
    "angarium_worker_chunks_settled", "Chunks recorded and settled."
)
_DURATION: Final = WORKER.read_histogram(
    "angarium_worker_attempt_duration_seconds",
    "How long attempts took, from the start to the end of the answer.",
)
_LATENCY: Final = WORKER.read_histogram(
    "angarium_worker_delivery_latency_seconds",
    "Time from the acceptance of a message to the end of the attempt that delivered it, by whether"
    " that was the first attempt or a retry. A scheduled message counts from its acceptance, and"
    " attempts that a person asked for do not count.",
    "attempt",
)
_RECORD: Final = WORKER.read_histogram(
    "angarium_worker_record_seconds", "How long transactions that record outcomes took."
)
_ENDPOINTS: Final = WORKER.read_gauge(
    "angarium_worker_endpoints",
    "Endpoints in use, by state: open is that of the circuit breaker.",
    "state",
)
_SENDING: Final = WORKER.read_gauge(
    "angarium_worker_deliveries_in_flight", "Deliveries being sent now, the slow ones aside."
)
_SLOW: Final = WORKER.read_gauge(
    "angarium_worker_deliveries_in_flight_slow", "Attempts that last long."
)
_SENDING_MAX: Final = WORKER.read_gauge(
    "angarium_worker_deliveries_in_flight_max",
    "Deliveries that may be sent at once: ANGARIUM_DELIVERIES_IN_FLIGHT_MAX.",
)
_WAITING: Final = WORKER.read_gauge(
    "angarium_worker_deliveries_waiting", "Deliveries that wait in memory."
)
_LANES: Final = WORKER.read_gauge(
    "angarium_worker_lanes_held", "Lanes of endpoints that this worker holds."
)
_FAILING: Final = WORKER.read_gauge(
    "angarium_worker_endpoints_failing", "Endpoints without a success of late."
)
_IN_HAND: Final = WORKER.read_gauge(
    "angarium_worker_deliveries_in_hand", "Deliveries begun and not yet settled."
)
_BYTES: Final = WORKER.read_gauge(
    "angarium_worker_payload_bytes_in_hand", "Payload bytes of those."
)
_UNRECORDED: Final = WORKER.read_gauge(
    "angarium_worker_records_waiting", "Records that are not written to the database yet."
)
_DIRECTORY: Final = WORKER.read_gauge(
    "angarium_worker_directory_age_seconds",
    "Seconds since the copy of the directory was known to be complete: up to 5 while a dispatcher"
    " confirms it.",
)
_STATISTICS: Final = WORKER.read_gauge(
    "angarium_worker_statistics_lag_seconds",
    "Age of the oldest moment that statistics may be incomplete from.",
)
_STATES: Final = ("delivering", "waiting", "open", "probing", "recovering")


class WorkerMetrics(Collector):
    """Collects the metrics of one worker. `directory_age_s` and `statistics_lag_s` are read at each
    scrape."""

    def __init__(
        self,
        worker: Worker[Any],
        *,
        directory_age_s: Callable[[], float],
        statistics_lag_s: Callable[[], float],
    ) -> None:
        self._worker = worker
        self._directory_age_s = directory_age_s
        self._statistics_lag_s = statistics_lag_s

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as of now."""
        yield from self._counted(self._worker.capacity.counters)
        yield from self._as_of_now()

    def _counted(self, counters: WorkerCounters) -> Iterator[Metric]:
        yield _ATTEMPTS.values(
            {
                **_by_class("delivered", counters.delivered),
                **_by_class("failed", counters.failed),
            }
        )
        yield _FAILURES.values({each.value: counters.reasons[each.value] for each in FailureReason})
        yield _UNSENT.values({"parked": counters.parked, "cancelled": counters.cancelled})
        yield _EXHAUSTED.value(counters.exhausted)
        yield _RETRIES.value(counters.retries)
        yield _STALE.value(counters.stale)
        yield _CHUNKS.value(counters.chunks_settled)
        yield _DURATION.histogram(counters.durations_s)
        yield _LATENCY.histograms(
            {"first": counters.first_latencies_s, "retry": counters.retry_latencies_s}
        )
        yield _RECORD.histogram(self._worker.recorder.durations_s)

    def _as_of_now(self) -> Iterator[Metric]:
        worker = self._worker
        usage, by_state = worker.capacity.slots.usage(), worker.endpoints.guards.by_state()
        yield _ENDPOINTS.values({state: by_state.get(state, 0) for state in _STATES})
        yield _SENDING.value(usage.sending)
        yield _SLOW.value(usage.slow)
        yield _SENDING_MAX.value(worker.capacity.slots.sending_max)
        yield _WAITING.value(usage.waiting)
        yield _LANES.value(worker.lanes.held)
        yield _FAILING.value(worker.endpoints.health.failing_total)
        yield _IN_HAND.value(usage.in_hand)
        yield _BYTES.value(usage.bytes_in_hand)
        yield _UNRECORDED.value(worker.recorder.open)
        yield _DIRECTORY.value(self._directory_age_s())
        yield _STATISTICS.value(self._statistics_lag_s())


def _by_class(outcome: str, counts: list[int]) -> dict[LabelValues, float]:
    """By class; those that have not occurred only if they could."""
    return {
        (outcome, name): count
        for name, count in zip(STATUS_CLASSES, counts, strict=True)
        if count or name != "1xx"
    }
