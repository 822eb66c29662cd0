"""Messages per second for one endpoint: the generic cell rate algorithm (ITU-T I.371, annex A).

What has to be kept between two uses, by whoever, is one number: for how many seconds from now
the endpoint is booked ahead. It runs down with time, to 0.
"""

from dataclasses import dataclass
from typing import Final

_SLACK: Final = 1e-6
"""Of a message: what adding and subtracting times may lose."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`rate_per_s` (at least 1) on the long run, with bursts of a tenth of a second's worth, at
    least one message. Over any window, at most rate x window + burst messages begin."""

    rate_per_s: int

    def __post_init__(self) -> None:
        if self.rate_per_s < 1:
            raise ValueError("a rate is at least 1 a second")

    @property
    def burst(self) -> int:
        """Deliveries that may begin at once after a pause."""
        return max(1, self.rate_per_s // 10)

    def available(self, booked_ahead_s: float) -> int:
        """Deliveries that may begin now."""
        ahead = max(0.0, booked_ahead_s) * self.rate_per_s
        return max(0, int(self.burst - ahead + _SLACK))

    def book(self, booked_ahead_s: float, n: int) -> float:
        """For how long it is booked ahead after `n` more began now."""
        return max(0.0, booked_ahead_s) + n / self.rate_per_s

    def later(self, booked_ahead_s: float, elapsed_s: float) -> float:
        """For how long it is still booked ahead after that time."""
        return max(0.0, booked_ahead_s - max(0.0, elapsed_s))

    def wait_s(self, booked_ahead_s: float) -> float:
        """Seconds until one may begin; 0.0: now."""
        return self.wait_for(1, booked_ahead_s)

    def wait_for(self, n: int, booked_ahead_s: float) -> float:
        """Seconds until `n` may begin at once, or the whole burst where that is less."""
        most_ahead_s = (self.burst - min(n, self.burst)) / self.rate_per_s
        return max(0.0, booked_ahead_s - most_ahead_s)

    def drained(self) -> float:
        """How far it is booked ahead when all that it allows has just begun: what to assume
        after a holder that did not say how much it sent."""
        return self.burst / self.rate_per_s
