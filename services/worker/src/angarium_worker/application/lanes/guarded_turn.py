"""A turn of an endpoint without an order: its guard and its limits decide how much begins."""

from collections.abc import Callable, Sequence
from functools import partial

from angarium_worker.application.delivery.admission import fact_of, unsent
from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.domain.admission import Admission, Origin, decide
from angarium_worker.domain.delivery import Lane

from .lane_context import LaneContext, Quota
from .lane_store import HeldLane, LaneTake
from .lane_turn import SendingTurn

TAKEN_MAX = 100
RETRY_SHARE = 5
"""Of what a strict endpoint gets, one in five is a retry while first attempts wait too."""


class GuardedTurn(SendingTurn):
    """Sends first attempts and retries side by side. Where a concurrency limit holds across
    workers, the lane is kept until all that is under way has ended: the next holder counts from
    zero."""

    def __init__(
        self, context: LaneContext, lane: HeldLane, endpoint: ResolvedEndpoint, turn_s: float
    ) -> None:
        super().__init__(context, lane, endpoint, turn_s)
        self._queue = context.endpoints.guards.of(endpoint.id)
        self._queue.guard.lane_only = endpoint.strict
        self._no_firsts = False
        self._no_retries = False
        self._probed_since_s: float | None = None
        self._awaits_probe = False

    def take(self, quota: Quota, granted: int) -> LaneTake:
        """See `LaneTurn`."""
        firsts = min(quota.firsts, granted)
        retries = min(quota.retries, granted)
        if firsts + retries > granted:
            retries = min(retries, max(granted // RETRY_SHARE, 1 if granted > 1 else 0))
            firsts = min(firsts, granted - retries)
        return LaneTake(self.lane.endpoint_id, self.lane.fence, firsts, retries)

    def released(self, wake: Callable[[Sequence[bytes]], None]) -> None:
        """See `LaneTurn`."""
        if self._awaits_probe:
            self._queue.after_probe(partial(wake, (self.lane.endpoint_id,)))

    def _most(self, now_s: float) -> int:
        concurrency_max = self._endpoint.concurrency_max
        if concurrency_max is None:
            return TAKEN_MAX
        return min(TAKEN_MAX, concurrency_max - self._under_way)

    def _share(self, most: int, now_s: float) -> Quota | None:
        guard = self._queue.guard
        firsts, retries = guard.quota(now_s)
        if quota := self._still_there(min(firsts, most), min(retries, most)):
            return quota
        if guard.probing:
            self._await_probe(now_s)
            return None
        wait_s = guard.wait_s(now_s, for_retry=self._no_firsts)
        if wait_s > self.look_again_s:
            self.stop(wait_s)
        return None

    def _still_there(self, firsts: int, retries: int) -> Quota | None:
        """A quota of what the lane may still hold; of both together no more than of either."""
        total = max(firsts, retries)
        firsts = 0 if self._no_firsts else firsts
        retries = 0 if self._no_retries else retries
        if not firsts and not retries:
            return None
        return Quota(firsts, retries, min(total, firsts + retries))

    def _await_probe(self, now_s: float) -> None:
        """Give the lane back until the probe has ended, if it has lasted for a while.

        Nothing else begins beside a probe, and one that hangs lasts until its time-out. Held all
        that time, the lane would take one of the few places that this process has for lanes.
        """
        if self._probed_since_s is None:
            self._probed_since_s = now_s
        if now_s - self._probed_since_s >= self.look_again_s and not self._holds_on():
            self.stop(self._context.make.timeout_s(self._endpoint))
            self._awaits_probe = True

    def _begin(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        self._note_shortage(attempts, take)
        fact = fact_of(self._endpoint)
        for attempt in attempts:
            delivery = attempt.delivery
            retry = delivery.lane == Lane.RETRY
            cancelled = delivery.cancelled
            admission = decide(Origin.LANE, fact, cancelled=cancelled is not None)
            if admission is Admission.CANCEL and cancelled is not None:
                self._end(attempt, cancelled)
            elif ticket := self._queue.guard.begin(self._now_s(), retry=retry, from_lane=True):
                self._send(attempt, self._queue, ticket)
            else:
                admission = decide(Origin.LANE, fact, refused=True)
                verdict = unsent(admission, self._endpoint, retry=retry)
                self._context.leased.not_attempted(attempt, verdict, self._endpoint)

    def _note_shortage(self, attempts: Sequence[LeasedAttempt], take: LaneTake) -> None:
        """Where fewer are due than were asked for, there are no more for this turn."""
        firsts = sum(attempt.delivery.lane == Lane.FIRST for attempt in attempts)
        self._no_firsts = self._no_firsts or firsts < take.firsts_max
        self._no_retries = self._no_retries or len(attempts) - firsts < take.retries_max
        if self._no_firsts and self._no_retries:
            self.stop(0.0)
            self._queue.guard.lane_empty(self._now_s())

    def _holds_on(self) -> bool:
        return self._under_way > 0 and self._endpoint.concurrency_max is not None

    def _state(self) -> str:
        return self._queue.guard.state
