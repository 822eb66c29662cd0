"""Rate limiting."""


class RateLimiter:
    """Computes waits that keep the average at `rate_per_s` units, without credit for idle time. One
    instance is shared by all that keep the rate together."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._free_at_s = 0.0

    def wait_s(self, units: float, now_s: float) -> float:
        """Count `units` that were just used; the seconds to wait before the next."""
        self._free_at_s = max(self._free_at_s, now_s) + units / self._rate_per_s
        return self._free_at_s - now_s
