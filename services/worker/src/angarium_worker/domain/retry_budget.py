"""Retries of an overloaded endpoint: at most 20 % of its traffic."""

from math import inf
from typing import Final

EARNED_BY_FIRST: Final = 0.25
"""One retry for four first attempts: one in five."""
EARNED_MAX: Final = 10.0
TRICKLE_S: Final = 10.0


class RetryBudget:
    """Each first attempt earns a quarter of a retry; at most `earned_max` are kept. When there
    was neither a first attempt nor a retry for `trickle_s`, one retry may go unearned, so that
    what waits moves on after everybody stopped posting.

    Retries that begin while nobody asks the budget are owed, at most `earned_max` of them: who
    is asked later has first attempts pay for them before.

    Over any run of asked retries, they are <= 0.25 x first attempts + `earned_max` +
    run / `trickle_s` + 1.
    """

    __slots__ = ("_earned", "_earned_max", "_last_s", "_trickle_s")

    def __init__(self, earned_max: float = EARNED_MAX, trickle_s: float = TRICKLE_S) -> None:
        self._earned_max = earned_max
        self._trickle_s = trickle_s
        self._earned = 0.0
        self._last_s = -inf

    def first_begun(self, now_s: float) -> None:
        """A first attempt begins."""
        self._earned = min(self._earned_max, self._earned + EARNED_BY_FIRST)
        self._last_s = now_s

    def retries_allowed(self, now_s: float) -> int:
        """Retries that may begin now."""
        if self._earned >= 1.0:
            return int(self._earned)
        return 1 if self._last_s + self._trickle_s <= now_s else 0

    def retry_begun(self, now_s: float) -> None:
        """A retry begins, asked for or not."""
        self._earned = max(-self._earned_max, self._earned - 1.0)
        self._last_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until a retry may begin if no first attempt does; 0.0: now."""
        if self._earned >= 1.0:
            return 0.0
        return max(0.0, self._last_s + self._trickle_s - now_s)
