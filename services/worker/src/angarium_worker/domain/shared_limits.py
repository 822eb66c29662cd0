"""Limits shared by the endpoints of one process while many of them fail or recover.

Each endpoint's own limits leave a handful of deliveries alone: its few retries keep to their
schedule, its small backlog follows at once. Of a thousand endpoints that went down together,
the handfuls are a flood; these limits hold for all of them together.

Of several workers, each takes its part of what may be retried unearned: together they allow what
one alone does.
"""

from math import inf
from typing import Final

from .recovery_pace import RecoveryPace

EARNED_BY_FIRST: Final = 0.18
RETRIES_PER_S: Final = 2.0
RETRIES_MAX: Final = 20.0
RETRY_WAIT_S_MAX: Final = (1 + RETRIES_MAX) / RETRIES_PER_S
"""The longest wait of a single worker. Of many, another may have a retry to give before."""
BACKLOG_SHARE: Final = 0.6
"""Of the rate at which new deliveries come, all endpoints together."""
BACKLOG_PER_S_MIN: Final = 20.0
BURST_S: Final = 0.1


class SharedLimits:
    """Retries of endpoints in trouble: at most `EARNED_BY_FIRST` for each first attempt of such
    an endpoint, and `RETRIES_PER_S` besides. Backlog of endpoints that come back: at most
    `BACKLOG_SHARE` of what is new, and no less than `BACKLOG_PER_S_MIN`.

    `workers` are the processes that share `RETRIES_PER_S` and `RETRIES_MAX`; each keeps at least
    one retry."""

    __slots__ = ("_arrivals", "_backlog", "_backlog_s", "_retries", "_retries_s", "workers")

    def __init__(self) -> None:
        self.workers = 1
        self._arrivals = RecoveryPace()
        self._retries = RETRIES_MAX
        self._retries_s = -inf
        self._backlog = 1.0
        self._backlog_s = -inf

    def arrived(self, now_s: float) -> None:
        """A new delivery came, for whichever endpoint."""
        self._arrivals.arrived(now_s)

    def first_begun(self) -> None:
        """A first attempt of an endpoint in trouble begins."""
        self._retries = min(self._retries_max(), self._retries + EARNED_BY_FIRST)

    def recovered(self) -> None:
        """An endpoint that failed in another worker succeeds: the retry that told so is free."""
        self._retries = min(self._retries_max(), self._retries + 1.0)

    def retries_allowed(self, now_s: float) -> int:
        """Retries of failing endpoints that may begin now."""
        passed_s = max(0.0, now_s - self._retries_s)
        earned = RETRIES_PER_S / self.workers * passed_s
        self._retries = min(self._retries_max(), self._retries + earned)
        self._retries_s = max(now_s, self._retries_s)
        return max(0, int(self._retries))

    def retry_begun(self) -> None:
        """A retry of an endpoint in trouble begins, asked for or not."""
        self._retries = max(-self._retries_max(), self._retries - 1.0)

    def backlog_allowed(self, now_s: float) -> int:
        """Deliveries of backlogs that may begin now."""
        per_s = self._backlog_per_s(now_s)
        passed_s = max(0.0, now_s - self._backlog_s)
        most = max(1.0, per_s * BURST_S)
        self._backlog = min(most, self._backlog + per_s * min(passed_s, 1.0))
        self._backlog_s = max(now_s, self._backlog_s)
        return max(0, int(self._backlog))

    def backlog_begun(self) -> None:
        """A delivery of a backlog begins."""
        self._backlog -= 1.0

    def backlog_wait_s(self, now_s: float) -> float:
        """Seconds until one of a backlog may begin; 0.0: now."""
        if self.backlog_allowed(now_s):
            return 0.0
        return (1.0 - self._backlog) / self._backlog_per_s(now_s)

    def retry_wait_s(self, now_s: float) -> float:
        """Seconds until a retry may begin if no first attempt earns one; 0.0: now."""
        if self.retries_allowed(now_s):
            return 0.0
        return min(RETRY_WAIT_S_MAX, (1.0 - self._retries) * self.workers / RETRIES_PER_S)

    def _retries_max(self) -> float:
        return max(1.0, RETRIES_MAX / self.workers)

    def _backlog_per_s(self, now_s: float) -> float:
        return max(BACKLOG_PER_S_MIN, BACKLOG_SHARE * self._arrivals.steady_per_s(now_s))
