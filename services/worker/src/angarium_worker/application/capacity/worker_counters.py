"""Counters of one worker process, which the metrics are read from."""

from collections import Counter
from typing import Final

from angarium_chassis.metrics.histogram import Histogram

DURATION_BOUNDS_S: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
)  # fmt: skip
LATENCY_BOUNDS_S: Final = (
    0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0,
)  # fmt: skip
STATUS_CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class WorkerCounters:
    """Counts since the process began.

    `delivered` and `failed` count attempts by the class of the HTTP status (`STATUS_CLASSES`), and
    `reasons` failed ones by the reason, where there is one beside the status.
    """

    def __init__(self) -> None:
        self.delivered = [0] * len(STATUS_CLASSES)
        self.failed = [0] * len(STATUS_CLASSES)
        self.reasons: Counter[str] = Counter()
        self.exhausted = 0
        self.parked = 0
        self.cancelled = 0
        self.retries = 0
        self.stale = 0
        self.chunks_settled = 0
        self.durations_s = Histogram(DURATION_BOUNDS_S)
        self.first_latencies_s = Histogram(LATENCY_BOUNDS_S)
        self.retry_latencies_s = Histogram(LATENCY_BOUNDS_S)

    def count_cancelled(self, deliveries: int) -> None:
        """Count deliveries that ended together, without a look at each."""
        self.cancelled += deliveries


def status_class(response_status: int) -> int:
    """The index in `STATUS_CLASSES`. Destinations other than webhooks have statuses of their own,
    which count as none."""
    found = response_status // 100
    return found if 0 < found < len(STATUS_CLASSES) else 0
