"""How fast the backlog of an endpoint follows that was down and is back."""

from math import exp2, inf, sqrt
from typing import Final

WINDOW_S: Final = 10.0
WINDOW_S_MAX: Final = 60.0
WINDOW_ARRIVALS: Final = 100
"""Arrivals are counted over 10 s; where fewer come, over longer, at most a minute."""
DEVIATIONS: Final = 2.0
"""By how many standard deviations of a count the rate is taken to be lower than counted: the
highest of many counts of a steady stream is about so much too high."""
MEMORY_S: Final = 300.0
RATE_MIN_PER_S: Final = 0.1
STEADY_S: Final = 60.0
DOUBLING_S: Final = 5.0
BURST_S: Final = 0.5
UNLIMITED_PER_S: Final = 10_000.0
"""More than one process sends: a higher rate does not limit any more."""
UNLIMITED: Final = 1_000_000
_SLACK: Final = 1e-6
"""Of a delivery: what adding up times may lose."""


class RecoveryPace:
    """Knows the steady rate at which new deliveries come, and after an outage lets the backlog
    go no faster for `STEADY_S`, so that with what is new the endpoint gets at most twice what it
    is used to. Then the pace doubles with every `DOUBLING_S` of health, until it does not limit.

    The steady rate is the highest of the last `MEMORY_S`; what was counted before counts half
    after every further `MEMORY_S`; it is not under `rate_min_per_s`. `arrived_s` is when the
    latest delivery came (-inf: never), `recovering_since` None while nothing is limited.
    """

    __slots__ = (
        "_arrivals",
        "_base_per_s",
        "_closes_s",
        "_doubled_s",
        "_opened_s",
        "_peak_per_s",
        "_peak_s",
        "_rate_min_per_s",
        "_rate_per_s",
        "_tokens",
        "_tokens_s",
        "arrived_s",
        "recovering_since",
    )

    def __init__(self, rate_min_per_s: float = RATE_MIN_PER_S) -> None:
        self._rate_min_per_s = rate_min_per_s
        self._arrivals = 0
        self.arrived_s = self._opened_s = self._closes_s = -inf
        self._peak_per_s = 0.0
        self._peak_s = -inf
        self.recovering_since: float | None = None
        self._base_per_s = self._rate_per_s = rate_min_per_s
        self._doubled_s = self._tokens_s = -inf
        self._tokens = 0.0

    def arrived(self, now_s: float) -> None:
        """A new delivery came, whether it is sent at once or parked."""
        if now_s >= self._closes_s:
            self._close_window(now_s)
        self._arrivals += 1
        self.arrived_s = now_s

    def steady_per_s(self, now_s: float) -> float:
        """The rate of new deliveries, not under the least one; erring on the low side."""
        counted_per_s = _faded(self._counted(now_s), self.arrived_s, now_s)
        return max(self._rate_min_per_s, self._remembered(now_s), counted_per_s)

    def recover(self, now_s: float, *, new_included: bool = False) -> None:
        """The endpoint is back. `new_included`: what is new goes through the backlog too, which
        then may go at twice the steady rate."""
        self.recovering_since = now_s
        self._base_per_s = self.steady_per_s(now_s) * (2 if new_included else 1)
        self._rate_per_s = self._base_per_s
        self._doubled_s = now_s + STEADY_S - DOUBLING_S
        self._tokens = 1.0
        self._tokens_s = now_s

    def is_early(self, now_s: float) -> bool:
        """True if the endpoint came back within the last `STEADY_S`."""
        since_s = self.recovering_since
        return since_s is not None and now_s - since_s < STEADY_S

    def stop(self) -> None:
        """There is no backlog any more, or the endpoint is down again."""
        self.recovering_since = None

    def faltered(self, now_s: float) -> None:
        """The endpoint does not bear it: back to where it began, and health counts from now."""
        if self.recovering_since is not None:
            self._refill(now_s)
            self._rate_per_s = self._base_per_s
            self._tokens = min(self._tokens, self._burst())
            self._doubled_s = max(self._doubled_s, now_s)

    def limits(self, now_s: float) -> bool:
        """True while the backlog is held back."""
        if self.recovering_since is None:
            return False
        self._refill(now_s)
        if self._rate_per_s >= UNLIMITED_PER_S:
            self.recovering_since = None
        return self.recovering_since is not None

    def backlog_allowed(self, now_s: float) -> int:
        """How many deliveries of the backlog may begin now; after a pause, at most what half a
        second brings, or one. `UNLIMITED` while nothing is limited."""
        return int(self._tokens + _SLACK) if self.limits(now_s) else UNLIMITED

    def spent(self, n: int) -> None:
        """So many began."""
        if self.recovering_since is not None:
            self._tokens -= n

    def wait_s(self, now_s: float) -> float:
        """Seconds until one of the backlog may begin; 0.0: now."""
        if not self.limits(now_s):
            return 0.0
        return max(0.0, (1.0 - self._tokens) / self._rate_per_s)

    def _refill(self, now_s: float) -> None:
        self._tokens += self._rate_per_s * max(0.0, now_s - self._tokens_s)
        self._tokens_s = max(now_s, self._tokens_s)
        while now_s >= self._doubled_s + DOUBLING_S and self._rate_per_s < UNLIMITED_PER_S:
            self._doubled_s += DOUBLING_S
            self._rate_per_s *= 2
        self._tokens = min(self._tokens, self._burst())

    def _burst(self) -> float:
        return max(1.0, self._rate_per_s * BURST_S)

    def _close_window(self, now_s: float) -> None:
        if self._arrivals < WINDOW_ARRIVALS and now_s < self._opened_s + WINDOW_S_MAX:
            self._closes_s = now_s + WINDOW_S / 10
            return
        rate_per_s = self._counted(now_s)
        if rate_per_s >= self._remembered(now_s):
            self._peak_per_s = rate_per_s
            self._peak_s = now_s
        self._arrivals = 0
        self._opened_s = now_s
        self._closes_s = now_s + WINDOW_S

    def _counted(self, now_s: float) -> float:
        arrivals = self._arrivals
        surely = arrivals - DEVIATIONS * sqrt(arrivals)
        # A window is left open when deliveries stop coming; that pause is no part of the rate.
        until_s = min(now_s, self.arrived_s + WINDOW_S)
        return surely / max(WINDOW_S, until_s - self._opened_s) if arrivals else 0.0

    def _remembered(self, now_s: float) -> float:
        return _faded(self._peak_per_s, self._peak_s, now_s)


def _faded(rate_per_s: float, counted_s: float, now_s: float) -> float:
    beyond_s = now_s - counted_s - MEMORY_S
    return rate_per_s if beyond_s <= 0 else rate_per_s * exp2(-beyond_s / MEMORY_S)
