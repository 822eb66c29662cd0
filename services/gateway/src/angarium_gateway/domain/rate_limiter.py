"""Going on at a bounded rate."""


class RateLimiter:
    """Says how long to wait so that on average at most `rate_per_s` units go by, without
    catching up for idle time. Shared by all that must keep the rate together."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._free_at_s = 0.0

    def wait_s(self, units: float, now_s: float) -> float:
        """Count `units` that have just gone by; how long to wait before the next."""
        self._free_at_s = max(self._free_at_s, now_s) + units / self._rate_per_s
        return self._free_at_s - now_s
