"""Leave an endpoint alone that only fails, and find out with one attempt whether it is back."""

from enum import Enum
from math import inf
from typing import Final

FAILURES_TO_OPEN: Final = 10
OPEN_S: Final = 1.0
OPEN_S_MAX: Final = 60.0
JITTER: Final = 0.2


class BreakerState(Enum):
    """`HALF_OPEN`: one attempt, the probe, is under way and decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Opens after `failures_to_open` failures in a row, for `open_s`; then a single probe may
    begin. Its success closes the breaker, its failure opens it for twice as long, at most
    `open_s_max`; each time ±20 %.

    Every attempt has a ticket, and every change of state makes the tickets of before stale.
    Outcomes of stale tickets count for nothing: attempts that began before the breaker opened
    tell about the time before. A late failure among them would open it for longer, or again
    after the probe succeeded; a late success would let everything through to an endpoint that
    answers once in a while. The probe tells within moments anyway.

    `generation` is the ticket of attempts that begin while it is closed, at least 1; `failures`
    counts those in a row since the last success, while it is closed.
    """

    __slots__ = (
        "_failures_to_open",
        "_initial_open_s",
        "_next_open_s",
        "_open_s_max",
        "_outdated",
        "_refusals",
        "failures",
        "generation",
        "open_until_s",
        "state",
    )

    def __init__(
        self,
        failures_to_open: int = FAILURES_TO_OPEN,
        open_s: float = OPEN_S,
        open_s_max: float = OPEN_S_MAX,
    ) -> None:
        self._failures_to_open = failures_to_open
        self._initial_open_s = open_s
        self._open_s_max = open_s_max
        self.state = BreakerState.CLOSED
        self.generation = 1
        self.failures = 0
        self.open_until_s = -inf
        self._next_open_s = open_s
        self._refusals = 0
        self._outdated = False

    @property
    def closed(self) -> bool:
        """True while attempts may begin freely."""
        return self.state is BreakerState.CLOSED

    def may_begin(self, now_s: float) -> bool:
        """True if an attempt may begin, the probe included."""
        state = self.state
        return state is BreakerState.CLOSED or (
            state is BreakerState.OPEN and now_s >= self.open_until_s
        )

    def begin(self, now_s: float) -> int:
        """A ticket for an attempt that begins now; 0: none may."""
        if self.state is BreakerState.CLOSED:
            return self.generation
        if not self.may_begin(now_s):
            return 0
        self._become(BreakerState.HALF_OPEN)
        return self.generation

    def succeeded(self, ticket: int) -> None:
        """An attempt succeeded: the row of failures ends; the probe closes the breaker."""
        if ticket != self.generation:
            return
        self.failures = 0
        if self.state is BreakerState.HALF_OPEN:
            self._close()

    def failed(self, ticket: int, now_s: float, random: float, *, may_open: bool = True) -> None:
        """An attempt failed. `random` is uniform in 0 to 1. With `may_open` False the failure
        counts, and a closed breaker stays closed."""
        if ticket != self.generation:
            return
        if self.state is BreakerState.HALF_OPEN and self._outdated:
            self._become(BreakerState.OPEN)
        elif self.state is BreakerState.HALF_OPEN:
            self._open(now_s, random)
        else:
            self.failures += 1
            if may_open and self.failures >= self._failures_to_open:
                self._open(now_s, random)

    def refused(self, ticket: int) -> None:
        """The endpoint answered, but did not take the message: neither good nor bad.

        After a refused probe the next may begin at once. As many in a row as open the breaker
        close it: the endpoint is there, whatever it thinks of the messages.
        """
        if ticket != self.generation or self.state is not BreakerState.HALF_OPEN:
            return
        self._refusals += 1
        if self._refusals >= self._failures_to_open:
            self._close()
        else:
            self._become(BreakerState.OPEN)

    def abandon(self, ticket: int) -> None:
        """An attempt ended without an outcome. When it was the probe, another may begin at once:
        nothing blocks for ever, as long as every ticket ends in some way."""
        if ticket == self.generation and self.state is BreakerState.HALF_OPEN:
            self._become(BreakerState.OPEN)

    def reset(self) -> None:
        """The endpoint is another one now: let a probe begin at once if it is not closed.

        A probe that is under way stays the only one; it ran against the endpoint as it was, so
        after its failure the next begins at once too.
        """
        self.failures = self._refusals = 0
        self.open_until_s = -inf
        self._next_open_s = self._initial_open_s
        if self.state is BreakerState.HALF_OPEN:
            self._outdated = True
        else:
            self._become(self.state)

    def wait_s(self, now_s: float) -> float:
        """Seconds until an attempt may begin; 0.0: now, or as soon as the probe has ended."""
        if self.state is BreakerState.OPEN:
            return max(0.0, self.open_until_s - now_s)
        return 0.0

    def _open(self, now_s: float, random: float) -> None:
        open_s = self._next_open_s * (1 + JITTER * (2 * random - 1))
        self.open_until_s = now_s + open_s
        self._next_open_s = min(self._next_open_s * 2, self._open_s_max)
        self._refusals = 0
        self._become(BreakerState.OPEN)

    def _close(self) -> None:
        self.failures = self._refusals = 0
        self._next_open_s = self._initial_open_s
        self._become(BreakerState.CLOSED)

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self.generation += 1
        self._outdated = False
