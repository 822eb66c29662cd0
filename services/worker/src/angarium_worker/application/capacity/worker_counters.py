"""Counters of one worker process, which the metrics are read from."""

from bisect import bisect_left

DURATION_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)


class WorkerCounters:
    """Counts since the process began."""

    def __init__(self) -> None:
        self.delivered = 0
        self.failed = 0
        self.exhausted = 0
        self.parked = 0
        self.cancelled = 0
        self.retries = 0
        self.stale = 0
        self.chunks_settled = 0
        self.durations = [0] * (len(DURATION_BOUNDS_S) + 1)
        self.duration_sum_s = 0.0

    def count_cancelled(self, deliveries: int) -> None:
        """Count deliveries that ended together, without a look at each."""
        self.cancelled += deliveries

    def observe(self, duration_s: float) -> None:
        """Count one attempt's duration; `durations` are not cumulative."""
        self.durations[bisect_left(DURATION_BOUNDS_S, duration_s)] += 1
        self.duration_sum_s += duration_s
