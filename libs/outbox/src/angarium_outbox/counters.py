"""Counters of a relay, plain integers."""

from dataclasses import dataclass, field

LATENCY_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0)


@dataclass(slots=True)
class RelayCounters:
    """Counters since the start.

    `latency` counts accepted events by the time from being added to being accepted, in the buckets
    of `LATENCY_BOUNDS_S` and one beyond.
    """

    accepted: int = 0
    set_aside: int = 0
    failures: int = 0
    requests: int = 0
    pruned: int = 0
    lanes: int = 0
    pending: int = 0
    waiting_set_aside: int = 0
    oldest_age_s: float = 0.0
    last_failure: str | None = None
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_S) + 1))
    latency_sum_s: float = 0.0
