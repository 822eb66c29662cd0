"""The rate up to which each of several tenants may post: max-min fairness, found by congestion.

Nobody knows how many messages a second a platform can take without making them wait; it depends
on its machines and on everything else that they do. So the level is searched as LEDBAT (RFC 6817)
searches for the rate of a transfer that must not delay others: the time that messages spend
waiting is compared with the shortest of the last minute, and while it is longer by more than a
target, the level falls. Only tenants above the level are slowed; the others post as they do.

It does not fall below half of what all tenants together have posted in the busiest of the last 60
seconds without a tenant held back: two tenants that post much share the platform as if it had no
level. While one that posts little is among them, whose messages would wait for theirs, that tenant
is sheltered: the level may fall to an eighth, and does so for a shorter wait. It does not fall
where that would help nobody: while every tenant is held back, or all post about as much.
"""

from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

RATE_MIN: Final = 500.0
"""Messages a second to which a tenant may always post, unless the operator allows more."""
RATE_MAX: Final = 50_000.0
SHARE_MIN: Final = 0.5
"""The least, as a share of the most messages that all tenants have posted in a second."""
SHELTER_SHARE_MIN: Final = 0.125
"""The same while a tenant that posts less than this is to be kept from waiting."""
SECONDS: Final = 60
"""So many are remembered of those in which messages came, and none was held back."""
EXTRA_S_MIN: Final = 0.003
EXTRA_SHARE: Final = 0.5
"""The wait may be longer than the shortest one by this share of it, or by `EXTRA_S_MIN`."""
SHELTER_EXTRA_S_MIN: Final = 0.001
SHELTER_RANK: Final = 0.85
"""While a tenant is sheltered, this `EXTRA_S_MIN` counts, and of the waits of a step this quantile
in place of the median: few of them are those of the tenant that posts little."""
SHELTER_FOR_S: Final = 1.0
"""A tenant that posts little is sheltered for so long after a step in which it was seen."""
ALIKE: Final = 0.5
"""Tenants that post more than this share of what the heaviest does gain nothing when it is
slowed."""
STEP_S: Final = 0.1
FALL: Final = 0.8
RISE: Final = 1.1
RISE_UNKNOWN: Final = 1.02
"""The rise of a step in which too few messages tell how long they waited."""
SAMPLES_MIN: Final = 3
SAMPLES_MAX: Final = 1_000
_SLOTS: Final = 6
_SLOT_S: Final = 10.0


class FairLevel:
    """The level, in messages a second (`rate`). It begins low, at `rate_min`: the shortest wait is
    not known until the platform has been seen without a flood. `clock_s` is monotonic."""

    def __init__(self, clock_s: Callable[[], float], rate_min: float = RATE_MIN) -> None:
        self.rate = self._rate_min = min(rate_min, RATE_MAX)
        self._clock_s = clock_s
        self._waits_s: deque[float] = deque(maxlen=SAMPLES_MAX)
        self._shortest_s: deque[tuple[int, float]] = deque(maxlen=_SLOTS)
        self._stepped_s = clock_s()
        self._shelters_until_s = self._stepped_s
        self._second = 0
        self._in_second = 0
        self._held_back = False
        self._seconds: deque[int] = deque(maxlen=SECONDS)

    @property
    def shelters(self) -> bool:
        """True while a tenant that posts little is kept from waiting for the others."""
        return self._stepped_s < self._shelters_until_s

    @property
    def least(self) -> float:
        """Messages a second to which a tenant may post now, however long messages wait."""
        if self.shelters:
            return self._sheltering_least()
        return max(self._rate_min, SHARE_MIN * self._most())

    def took(self, count: int, now_s: float) -> None:
        """So many messages, of all tenants, go into a commit."""
        second = int(now_s)
        if second != self._second:
            # What came while the level held some of it back does not tell what could have come.
            if not self._held_back or self._in_second > max(self._seconds, default=0):
                self._seconds.append(self._in_second)
            self._second, self._in_second, self._held_back = second, 0, False
        self._in_second += count

    def observe(self, wait_s: float) -> None:
        """Messages waited for so long on their way through the platform, apart from the time that
        their endpoints took."""
        self._waits_s.append(wait_s)

    def step_due(self, now_s: float) -> bool:
        """True if the level is to be changed."""
        return now_s - self._stepped_s >= STEP_S

    def step(self, now_s: float, *, heaviest: int, lightest: int | None, held_back: bool) -> None:
        """Change the level. Since the last step, the heaviest tenant has posted so many messages,
        and `lightest` the one that posted least of those that are not held back; None: every tenant
        would have posted more. `held_back`: some would have."""
        passed_s = max(STEP_S, now_s - self._stepped_s)
        self._stepped_s = now_s
        self._held_back = self._held_back or held_back
        waits_s = sorted(self._waits_s)
        self._waits_s.clear()
        little = self._sheltering_least() * passed_s
        if held_back and lightest is not None and lightest < little:
            self._shelters_until_s = now_s + SHELTER_FOR_S
        helps = self.shelters or (lightest is not None and lightest <= ALIKE * heaviest)
        rise = RISE if held_back else 1.0
        if len(waits_s) < SAMPLES_MIN:
            rise = min(rise, RISE_UNKNOWN)
        elif self._crowded(waits_s, now_s) and helps:
            # From what was posted: a level that nobody reached slows nobody.
            self.rate = max(self.least, FALL * min(self.rate, heaviest / passed_s))
            return
        self.rate = min(RATE_MAX, max(self.least, self.rate * rise))

    def _sheltering_least(self) -> float:
        return max(self._rate_min, SHELTER_SHARE_MIN * self._most())

    def _most(self) -> int:
        return max(self._in_second, max(self._seconds, default=0))

    def _crowded(self, waits_s: Sequence[float], now_s: float) -> bool:
        """`waits_s` in ascending order."""
        wait_s = median(waits_s)
        slot = int(now_s / _SLOT_S)
        while self._shortest_s and self._shortest_s[0][0] <= slot - _SLOTS:
            self._shortest_s.popleft()
        if self._shortest_s and self._shortest_s[-1][0] == slot:
            wait_before_s = self._shortest_s[-1][1]
            self._shortest_s[-1] = slot, min(wait_before_s, wait_s)
        else:
            self._shortest_s.append((slot, wait_s))
        shortest_s = min(wait_s for _, wait_s in self._shortest_s)
        extra_s_min = EXTRA_S_MIN
        if self.shelters:
            extra_s_min = SHELTER_EXTRA_S_MIN
            wait_s = waits_s[int(SHELTER_RANK * len(waits_s))]
        return wait_s > shortest_s + max(extra_s_min, EXTRA_SHARE * shortest_s)
