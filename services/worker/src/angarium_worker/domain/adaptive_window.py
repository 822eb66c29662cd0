"""Limit of concurrent attempts for one endpoint: additive increase, multiplicative
decrease (RFC 5681, section 3.1, with attempts in place of segments)."""

from math import inf
from typing import Final

INITIAL: Final = 16
MAXIMUM: Final = 512


class AdaptiveWindow:
    """`limit` is the number of attempts that may be in flight, `minimum` to `maximum`.

    It starts at `initial` and grows by one a success, until the endpoint is overloaded for the
    first time; from then on by one for every `limit` successes. `decreased_s` is when it was
    last halved (-inf: never).
    """

    __slots__ = (
        "_initial",
        "_maximum",
        "_minimum",
        "_successes",
        "_threshold",
        "decreased_s",
        "limit",
    )

    def __init__(self, initial: int = INITIAL, minimum: int = 1, maximum: int = MAXIMUM) -> None:
        if not 1 <= minimum <= initial <= maximum:
            raise ValueError("a window is 1 <= minimum <= initial <= maximum")
        self._initial = initial
        self._minimum = minimum
        self._maximum = maximum
        self.reset()

    def reset(self) -> None:
        """Start again, as if nothing had been learnt."""
        self.limit: int = self._initial
        self.decreased_s: float = -inf
        self._threshold = self._maximum
        self._successes = 0

    def succeeded(self, in_flight: int) -> None:
        """An attempt succeeded; `in_flight` counts it too.

        A window of which less than half is used does not grow: its size is not what limits.
        """
        limit = self.limit
        if in_flight * 2 < limit or limit >= self._maximum:
            return
        if limit < self._threshold:
            self.limit = limit + 1
            return
        self._successes += 1
        if self._successes >= limit:
            self._successes = 0
            self.limit = limit + 1

    def overloaded(self, begun_s: float, now_s: float) -> None:
        """An attempt that began at `begun_s` was too much for the endpoint: halve the window,
        unless it was halved since then, for that attempt says nothing about the smaller one."""
        if begun_s <= self.decreased_s:
            return
        self.limit = self._threshold = max(self._minimum, self.limit // 2)
        self._successes = 0
        self.decreased_s = now_s
