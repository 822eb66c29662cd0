"""Guard of one endpoint: decides whether a delivery may start, from its health in this process."""

from enum import IntEnum
from math import inf
from typing import Final

from .adaptive_window import AdaptiveWindow
from .circuit_breaker import BreakerState, CircuitBreaker
from .recovery_pace import UNLIMITED, RecoveryPace
from .retry_budget import RetryBudget
from .shared_limits import SharedLimits

OVERLOADED_S: Final = 30.0
"""So long after the latest sign of it, an endpoint counts as overloaded: that it did not answer
in time or said so, or a row of failures."""
FAILURES_OVERLOADED: Final = 5
"""So many failures in a row are a sign."""
GRACE_S: Final = 10.0
"""Trouble that is younger than that neither opens the breaker nor limits retries: a handful of
failures at once is not an outage."""
FORGOTTEN_AFTER_S: Final = 600.0
ALONE_PER_S: Final = 2.0
"""Back after an outage, an endpoint that gets little is sent its backlog so fast."""


class Result(IntEnum):
    """Effect of an attempt on its endpoint's health."""

    SUCCESS = 0
    REFUSED = 1
    """It answered, but did not take the message: neither good nor bad."""
    FAILED = 2
    OVERLOADED = 3
    """It did not answer in time, or says that it is too much."""
    UNCOUNTED = 4
    """Nothing was sent, for no fault of the endpoint."""


_SUCCESS = Result.SUCCESS


class EndpointGuard:
    """Lets attempts begin as the endpoint bears them: an adaptive window, a circuit breaker, a
    budget for retries while it is overloaded, and a pace for its backlog after an outage.

    Every ticket that `begin` gave ends by `ended` or `abandon`, once. Times are monotonic
    seconds, `random` is uniform in 0 to 1. `backlog`: deliveries are parked in its lane, as far
    as is known. `lane_only`: new deliveries go through the lane too, so that its pace after an
    outage has to carry both.

    While nothing is wrong with the endpoint it is *calm*: retries are free, only the window
    counts, and beginning and ending an attempt costs next to nothing. First attempts earn
    retries only while it is not, so that an overload does not begin with a burst of them.

    `shared` are the limits that it has together with the other endpoints of its process: with
    them, its own leave a handful of deliveries alone.
    """

    __slots__ = (
        "_breaker",
        "_budget",
        "_calm",
        "_ever_failed",
        "_failing_elsewhere",
        "_failing_since_s",
        "_overload_sign_s",
        "_overload_since_s",
        "_pace",
        "_shared",
        "_used_s",
        "_window",
        "backlog",
        "in_flight",
        "lane_only",
    )

    def __init__(self, shared: SharedLimits | None = None) -> None:
        self._shared = shared
        self._window = AdaptiveWindow()
        self._breaker = CircuitBreaker()
        self._budget = RetryBudget()
        self._pace = RecoveryPace() if shared is None else RecoveryPace(ALONE_PER_S)
        self._calm = True
        self._ever_failed = False
        self._failing_elsewhere = False
        self._used_s = 0.0
        self._failing_since_s = inf
        self._overload_since_s = -inf
        self._overload_sign_s = -inf
        self.in_flight = 0
        self.backlog = False
        self.lane_only = False

    @property
    def limit(self) -> int:
        """Limit of attempts in flight."""
        return self._window.limit

    @property
    def open_until_s(self) -> float | None:
        """Until when the open breaker lets nothing begin; None while it is not open."""
        breaker = self._breaker
        return breaker.open_until_s if breaker.state is BreakerState.OPEN else None

    @property
    def probing(self) -> bool:
        """True if the probe is in flight; no other attempt may begin."""
        return self._breaker.state is BreakerState.HALF_OPEN

    @property
    def state(self) -> str:
        """As the contract `EndpointDeliveryState` names it; "waiting": something is parked."""
        match self._breaker.state:
            case BreakerState.OPEN:
                return "open"
            case BreakerState.HALF_OPEN:
                return "probing"
        if self._pace.recovering_since is not None:
            return "recovering"
        return "waiting" if self.backlog else "delivering"

    def fails_elsewhere(self) -> None:
        """Some worker saw the endpoint fail, and none saw it succeed since. Until one does, its
        retries count as of an endpoint in trouble."""
        self._failing_elsewhere = True
        self._calm = False

    def succeeded_elsewhere(self) -> None:
        """Another worker saw it succeed: what failed here before counts no more, and a breaker
        that is open lets a probe begin at once."""
        self._breaker.reset()
        self._failing_since_s = inf
        self._overload_sign_s = -inf
        self._failing_elsewhere = False

    def exceeds_shared(self, now_s: float) -> bool:
        """True if a retry may not begin only because the endpoints in trouble have had theirs, of
        several workers together: others than this one may send it, and it stays out of the lane."""
        shared = self._shared
        return (
            shared is not None
            and shared.workers > 1
            and not self.backlog
            and self._breaker.closed
            and not self._is_overloaded(now_s)
            and self._retries_allowed(now_s, from_lane=False) < 1
        )

    def arrived(self, now_s: float) -> None:
        """A new delivery came, whether it is sent or parked. Each counts once."""
        self._pace.arrived(now_s)
        if self._shared is not None:
            self._shared.arrived(now_s)

    def begin(self, now_s: float, *, retry: bool, from_lane: bool) -> int:
        """A ticket (above 0) for an attempt that begins now; 0: not now."""
        if self.in_flight >= self._window.limit:
            return 0
        if self._calm:
            self.in_flight += 1
            return self._breaker.generation
        return self._begin_watched(now_s, retry, from_lane)

    def ended(
        self, ticket: int, result: Result, begun_s: float, now_s: float, random: float
    ) -> None:
        """The attempt with that ticket, begun at `begun_s`, ended."""
        in_flight = self.in_flight
        self.in_flight = in_flight - 1
        if result is _SUCCESS and self._calm:
            window = self._window
            if in_flight * 2 >= window.limit:
                window.succeeded(in_flight)
            return
        breaker = self._breaker
        was_down = not breaker.closed or breaker.failures >= FAILURES_OVERLOADED
        match result:
            case Result.SUCCESS:
                if self._failing_elsewhere and self._shared is not None:
                    self._failing_elsewhere = False
                    self._shared.recovered()
                if ticket == breaker.generation:
                    self._window.succeeded(in_flight)
                    self._failing_since_s = inf
                breaker.succeeded(ticket)
            case Result.REFUSED:
                breaker.refused(ticket)
            case Result.FAILED | Result.OVERLOADED:
                self._failed(ticket, result, begun_s, now_s, random)
            case Result.UNCOUNTED:
                breaker.abandon(ticket)
        back = breaker.closed and breaker.failures == 0
        if back and was_down and self._pace.recovering_since is None:
            self._pace.recover(now_s, new_included=self.lane_only)
            self._overload_sign_s = -inf  # from here on the pace limits retries too

    def abandon(self, ticket: int) -> None:
        """The attempt with that ticket was cut off without an outcome."""
        self.in_flight -= 1
        self._breaker.abandon(ticket)

    def wait_s(self, now_s: float, *, for_retry: bool = False) -> float:
        """Seconds until something of the lane may begin, or a retry of it; 0.0: now, or as soon
        as an attempt has ended."""
        wait_s = max(self._breaker.wait_s(now_s), self._pace.wait_s(now_s))
        if for_retry and self._is_overloaded(now_s):
            wait_s = max(wait_s, self._budget.wait_s(now_s))
        shared = self._shared
        if shared is not None and not self._calm:
            if self._pace.is_early(now_s):
                wait_s = max(wait_s, shared.backlog_wait_s(now_s))
            elif for_retry and self._has_sign(now_s):
                wait_s = max(wait_s, shared.retry_wait_s(now_s))
        return wait_s

    def is_open(self, now_s: float) -> bool:
        """True if no attempt may begin: the breaker is open, or the probe is in flight."""
        return not self._breaker.may_begin(now_s)

    def quota(self, now_s: float) -> tuple[int, int]:
        """How many first attempts, and how many retries, of the lane may begin now; of both
        together no more than of first attempts."""
        room = max(0, self._window.limit - self.in_flight)
        if self._calm:
            return room, room
        if not self._breaker.closed:
            room = min(room, 1 if self._breaker.may_begin(now_s) else 0)
        room = max(0, min(room, self._backlog_allowed(now_s)))
        return room, min(room, self._retries_allowed(now_s, from_lane=True))

    def lane_empty(self, now_s: float) -> None:
        """Nothing of what is parked is due. What is due later, and retries that come by
        themselves, are held to the pace still, as long as the endpoint is early back; where new
        deliveries go through the lane too, they are not."""
        self.backlog = False
        early = self._pace.is_early(now_s) and not self.lane_only
        if self._pace.recovering_since is not None and not early:
            self._pace.stop()
            self._used_s = now_s

    def reset(self) -> None:
        """Its owner changed the endpoint: try at once, and learn anew. Attempts under way tell
        about the endpoint as it was; a probe stays the only one until it has ended."""
        self.succeeded_elsewhere()
        self._window.reset()

    def idle(self, now_s: float) -> bool:
        """True if nothing is lost by forgetting it: nothing is in flight, and it never saw a
        failure, or was not used for `FORGOTTEN_AFTER_S`."""
        if self.in_flight:
            return False
        if not self._ever_failed and not self.backlog:
            return True
        return now_s - max(self._used_s, self._pace.arrived_s) >= FORGOTTEN_AFTER_S

    def _begin_watched(self, now_s: float, retry: bool, from_lane: bool) -> int:
        self._used_s = now_s
        pace, budget = self._pace, self._budget
        if retry and self._retries_allowed(now_s, from_lane=from_lane) < 1:
            return 0
        # A retry that comes by itself is backlog as well: it adds to what is new.
        paced = from_lane or retry
        if paced and self._backlog_allowed(now_s) < 1:
            return 0
        overloaded = self._is_overloaded(now_s)
        ticket = self._breaker.begin(now_s)
        if not ticket:
            return 0
        shared = self._shared
        if paced:
            if shared is not None and pace.is_early(now_s):
                shared.backlog_begun()
            pace.spent(1)
        if retry:
            budget.retry_begun(now_s)
        else:
            budget.first_begun(now_s)
        if shared is not None:
            if retry:
                shared.retry_begun()
            else:
                shared.first_begun()
        if not overloaded and not self._has_sign(now_s) and not pace.limits(now_s):
            self._calm = True
        self.in_flight += 1
        return ticket

    def _backlog_allowed(self, now_s: float) -> int:
        allowed = self._pace.backlog_allowed(now_s)
        if self._shared is not None and self._pace.is_early(now_s):
            return min(allowed, self._shared.backlog_allowed(now_s))
        return allowed

    def _retries_allowed(self, now_s: float, *, from_lane: bool) -> int:
        shared = self._shared
        if self._is_overloaded(now_s):
            allowed = self._budget.retries_allowed(now_s)
            # The endpoint's own budget lets one go every ten seconds. A lane has one holder; by
            # time, each of many workers would send one.
            if shared is not None and shared.workers > 1 and not from_lane:
                return min(allowed, shared.retries_allowed(now_s))
            return allowed
        if shared is not None and self._has_sign(now_s):
            return shared.retries_allowed(now_s)
        return UNLIMITED

    def _has_sign(self, now_s: float) -> bool:
        return (
            now_s - self._overload_sign_s <= OVERLOADED_S
            or self._breaker.failures > 0
            or self._failing_elsewhere
        )

    def _failed(
        self, ticket: int, result: Result, begun_s: float, now_s: float, random: float
    ) -> None:
        self._calm = False
        self._ever_failed = True
        self._used_s = now_s
        breaker = self._breaker
        if ticket != breaker.generation:
            return
        self._failing_since_s = min(self._failing_since_s, begun_s)
        if result is Result.OVERLOADED:
            self._window.overloaded(begun_s, now_s)
        lasting = now_s - self._failing_since_s >= GRACE_S
        recovering = self._pace.recovering_since is not None
        breaker.failed(ticket, now_s, random, may_open=lasting or recovering)
        if result is Result.OVERLOADED or breaker.failures >= FAILURES_OVERLOADED:
            if now_s - self._overload_sign_s > OVERLOADED_S:
                self._overload_since_s = begun_s
            self._overload_sign_s = now_s
        if not breaker.closed:
            self._pace.stop()
        elif result is Result.OVERLOADED or breaker.failures >= FAILURES_OVERLOADED:
            self._pace.faltered(now_s)

    def _is_overloaded(self, now_s: float) -> bool:
        breaker = self._breaker
        return (
            breaker.state is not BreakerState.CLOSED
            or (
                now_s - self._overload_sign_s <= OVERLOADED_S
                and now_s - self._overload_since_s >= GRACE_S
            )
            or (self._shared is None and self._pace.limits(now_s))
        )
