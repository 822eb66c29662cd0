"""A turn of a lane: the state and the rules that ordered and guarded turns share."""

from collections.abc import Callable, Sequence
from math import ceil

from angarium_worker.application.capacity.wake_signal import SLEEP_S_MAX
from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.domain.rate_limit import RateLimit
from angarium_worker.domain.verdict import Cancelled, Verdict

from .lane_context import LaneContext, Quota
from .lane_store import HeldLane, LaneRelease, LaneTake

UNKNOWN_WAIT_S = 5.0
UNUSABLE_WAIT_S = 60.0
CLOSED_WAIT_S = 1.0
HANDED_ON_AFTER_S = 0.5
HANDED_ON_WAIT_S = 0.5
"""Long enough for workers with free slots to look for lanes; this one may get it back."""


class LaneTurn:
    """A lane that this process holds, until `is_over`; nothing may be sent out of it.

    What was taken and must not be sent any more stands in `untouched`, for the owner to put
    back before the lane is given back: a lane that others hold must not have anything under way
    that this process may still send.
    """

    ordered = False

    def __init__(self, context: LaneContext, lane: HeldLane, turn_s: float) -> None:
        self.lane = lane
        self.untouched: list[LeasedAttempt] = []
        self._context = context
        self._now_s = context.endpoints.guards.clock_s
        self._until_s = self._now_s() + turn_s
        self._stopped = False
        self._wait_s = 0.0

    def stop(self, wait_s: float) -> None:
        """Take nothing more in this turn; the next is not before `wait_s` from now."""
        if not self._stopped:
            self._stopped = True
            self._wait_s = wait_s

    async def confirm(self) -> None:
        """Learn how far an ordered endpoint may go, where that is not known."""

    def quota(self) -> Quota | None:
        """How much may be taken now; None: nothing."""
        return None

    def take(self, quota: Quota, granted: int) -> LaneTake:
        """The part of the quota that is granted."""
        raise NotImplementedError

    def start(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        """Send what was taken, as far as it may be."""
        self.untouched.extend(attempts)

    def give_up(self) -> None:
        """Send nothing more of what was taken."""
        self.stop(0.0)

    def hand_on(self) -> None:
        """No slot is free for it: leave it to another worker if that lasts."""

    def is_over(self) -> bool:
        """True once the lane may be given back: nothing is taken any more and, where others must
        not send beside it, nothing is under way."""
        return self._stopped and not self.untouched

    def looks_again_in_s(self) -> float:
        """Seconds until the turn is worth another look, if nothing wakes it before."""
        return SLEEP_S_MAX

    def release(self) -> LaneRelease:
        """How the lane is given back."""
        return LaneRelease(
            self.lane.endpoint_id,
            self.lane.fence,
            self.lane.arrivals,
            int(self._wait_s * 1e6),
            self._burst_us(),
            self._confirmed_to(),
            self.ordered,
            self._state(),
        )

    def released(self, wake: Callable[[Sequence[bytes]], None]) -> None:
        """The lane was given back. `wake` lets it have its turn before the time it was given."""

    def _burst_us(self) -> int:
        return 0

    def _confirmed_to(self) -> bytes:
        return self.lane.confirmed

    def _state(self) -> str:
        return "waiting"


class SendingTurn(LaneTurn):
    """A turn of an endpoint that may be sent to, within its rate."""

    look_again_s = 0.25

    def __init__(
        self, context: LaneContext, lane: HeldLane, endpoint: ResolvedEndpoint, turn_s: float
    ) -> None:
        super().__init__(context, lane, turn_s)
        self._endpoint = endpoint
        self._under_way = 0
        self._look_in_s = self.look_again_s
        self._rate = None if endpoint.rate_per_s is None else RateLimit(endpoint.rate_per_s)
        self._sent_s = now_s = self._now_s()
        self._booked_to_s = now_s + lane.burst_us / 1e6
        if self._rate is not None and lane.abandoned:  # what its last holder sent is not known
            self._booked_to_s = max(self._booked_to_s, now_s + self._rate.drained())

    def quota(self) -> Quota | None:
        """See `LaneTurn`."""
        if self._stopped:
            return None
        now_s = self._now_s()
        if now_s >= self._until_s:
            self.stop(0.0)
            return None
        wait_s = self._context.endpoints.retry_after.wait_s(self._endpoint.id)
        if wait_s:
            self.stop(wait_s)
            return None
        most = self._most(now_s)
        if most > 0 and self._rate is not None:
            ahead_s = self._ahead_s(now_s)
            most = min(most, self._rate.available(ahead_s))
            if most <= 0:
                self._await_rate(self._rate, ahead_s, now_s)
        return self._share(most, now_s) if most > 0 else None

    def start(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        """See `LaneTurn`."""
        if self._now_s() >= self._until_s:  # held up: others may hold the lane by now
            self.untouched.extend(attempts)
            self.stop(0.0)
        else:
            self._begin(attempts, take)

    def hand_on(self) -> None:
        """See `LaneTurn`."""
        if not self._under_way and self._now_s() - self._sent_s >= HANDED_ON_AFTER_S:
            self.stop(HANDED_ON_WAIT_S)

    def is_over(self) -> bool:
        """See `LaneTurn`."""
        return super().is_over() and not self._holds_on()

    def looks_again_in_s(self) -> float:
        """See `LaneTurn`."""
        if self._stopped or self._holds_on():
            return SLEEP_S_MAX
        return self._look_in_s

    def _most(self, now_s: float) -> int:
        """How many its order or its concurrency allow now."""
        raise NotImplementedError

    def _share(self, most: int, now_s: float) -> Quota | None:
        """How much of `most` may be taken now."""
        raise NotImplementedError

    def _begin(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        raise NotImplementedError

    def _holds_on(self) -> bool:
        """True while an attempt is under way beside which others must not send."""
        raise NotImplementedError

    def _recorded(self, verdict: Verdict, held: bool) -> None:
        self._under_way -= 1
        self._sent_s = self._now_s()
        self._context.lane_wake.notify(0)

    def _send(self, attempt: LeasedAttempt, queue: EndpointQueue | None, ticket: int) -> None:
        self._under_way += 1
        if self._rate is not None:
            now_s = self._now_s()
            self._booked_to_s = now_s + self._rate.book(self._ahead_s(now_s), 1)
        self._context.leased.start(attempt, self._endpoint, queue, ticket, self._recorded)

    def _end(self, attempt: LeasedAttempt, reason: str) -> None:
        self._under_way += 1
        self._context.leased.not_attempted(
            attempt, Cancelled(reason), self._endpoint, self._recorded
        )

    def _await_rate(self, rate: RateLimit, ahead_s: float, now_s: float) -> None:
        wait_s = rate.wait_for(max(1, rate.burst // 2), ahead_s)
        if now_s + wait_s < self._until_s:
            self._look_in_s = wait_s
        else:
            self.stop(wait_s)

    def _ahead_s(self, now_s: float) -> float:
        return max(0.0, self._booked_to_s - now_s) if self._rate is not None else 0.0

    def _burst_us(self) -> int:
        return ceil(self._ahead_s(self._now_s()) * 1e6)
