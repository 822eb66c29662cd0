"""One turn of one lane: what its endpoint may get, and in which order."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil

from angarium_worker.application.capacity.wake_signal import SLEEP_S_MAX
from angarium_worker.application.delivery.leased_attempt import LeasedAttempt
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    Inactive,
    ResolvedEndpoint,
    Unusable,
)
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.domain.delivery import Lane
from angarium_worker.domain.rate_limit import RateLimit
from angarium_worker.domain.verdict import (
    QUEUED,
    QUEUED_RETRY,
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Verdict,
)

from .lane_context import LaneContext, Quota
from .lane_store import HeldLane, LaneRelease, LaneTake

ORDERED_TAKEN_MAX = 20
TAKEN_MAX = 100
RETRY_SHARE = 5
"""Of what a strict endpoint gets, one in five is a retry while first attempts wait too."""
LOOK_AGAIN_S = 0.25
NOT_CONFIRMED_S = 0.01
NOT_CONFIRMED_S_MAX = 0.5
GATHER_S = 0.005
ANY = b"\xff" * 16
UNKNOWN_WAIT_S = 5.0
UNUSABLE_WAIT_S = 60.0
CLOSED_WAIT_S = 1.0


class LaneTurn:
    """A lane that this process holds, until `is_over`.

    What was taken and must not be sent any more stands in `untouched`, for the owner to put
    back before the lane is given back.
    """

    def __init__(
        self, parts: LaneContext, lane: HeldLane, endpoint: EndpointConfig | None, turn_s: float
    ) -> None:
        self.lane = lane
        self.untouched: list[LeasedAttempt] = []
        self._parts = parts
        self._now_s = parts.gates.clock_s
        self._until_s = self._now_s() + turn_s
        self._open = 0
        self._sequence: deque[LeasedAttempt] = deque()
        self._confirmed = self._upto = lane.confirmed
        fifo = isinstance(endpoint, ResolvedEndpoint) and endpoint.fifo
        self._ask_order = fifo
        self._more_to_come = False
        self._not_before_s = 0.0
        self._no_firsts = False
        self._no_retries = False
        self._stopped = False
        self._probed_since_s: float | None = None
        self._awaits_probe = False
        self._look_in_s = NOT_CONFIRMED_S if fifo else LOOK_AGAIN_S
        self._wait_s = 0.0
        self._endpoint: ResolvedEndpoint | None = None
        self._gate: EndpointQueue | None = None
        self._rate: RateLimit | None = None
        self._booked_to_s = self._now_s() + lane.burst_us / 1e6
        match endpoint:
            case ResolvedEndpoint():
                self._endpoint = endpoint
                self._prepare(endpoint)
            case Inactive():
                parts.close(lane.endpoint_id, endpoint.version, endpoint.reason)
                self._stop(CLOSED_WAIT_S)
            case Unusable():
                self._stop(UNUSABLE_WAIT_S)
            case None:
                self._stop(UNKNOWN_WAIT_S)

    def _prepare(self, endpoint: ResolvedEndpoint) -> None:
        if not endpoint.fifo:
            self._gate = self._parts.gates.of(endpoint.id)
            self._gate.guard.lane_only = endpoint.strict
        if endpoint.rate_per_s is not None:
            self._rate = RateLimit(endpoint.rate_per_s)
            if self.lane.abandoned:  # what its last holder sent is not known
                drained_to_s = self._now_s() + self._rate.drained()
                self._booked_to_s = max(self._booked_to_s, drained_to_s)

    def quota(self) -> Quota | None:
        """What may be taken now; None: nothing."""
        endpoint = self._endpoint
        if self._stopped or endpoint is None:
            return None
        now_s = self._now_s()
        if now_s >= self._until_s:
            self._stop(0.0)
            return None
        wait_s = self._parts.make.wait_s(endpoint)
        if wait_s:
            self._stop(wait_s)
            return None
        most = self._most_by_limits(endpoint, now_s)
        if most <= 0:
            return None
        if self._gate is None:
            return Quota(most, 0, most)
        firsts, retries = self._gate.guard.quota(now_s)
        if quota := self._still_there(min(firsts, most), min(retries, most)):
            return quota
        if self._gate.guard.probing:
            self._await_probe(endpoint, now_s)
            return None
        wait_s = self._gate.guard.wait_s(now_s, for_retry=self._no_firsts)
        if wait_s > LOOK_AGAIN_S:
            self._stop(wait_s)
        return None

    def _most_by_limits(self, endpoint: ResolvedEndpoint, now_s: float) -> int:
        """How many the endpoint's order, concurrency and rate allow now."""
        if endpoint.fifo:
            busy = self._open or self._sequence or now_s < self._not_before_s
            most = 0 if busy else ORDERED_TAKEN_MAX
        else:
            most = TAKEN_MAX
            if endpoint.concurrency_max is not None:
                most = min(most, endpoint.concurrency_max - self._open)
        if most > 0 and self._rate is not None:
            ahead_s = self._ahead_s(now_s)
            most = min(most, self._rate.available(ahead_s))
            if most <= 0:
                self._await_rate(self._rate, ahead_s, now_s)
        return most

    def _still_there(self, firsts: int, retries: int) -> Quota | None:
        """A quota of what the lane may still hold; of both together no more than of either."""
        total = max(firsts, retries)
        firsts = 0 if self._no_firsts else firsts
        retries = 0 if self._no_retries else retries
        if not firsts and not retries:
            return None
        return Quota(firsts, retries, min(total, firsts + retries))

    def _await_rate(self, rate: RateLimit, ahead_s: float, now_s: float) -> None:
        wait_s = rate.wait_for(max(1, rate.burst // 2), ahead_s)
        if now_s + wait_s < self._until_s:
            self._look_in_s = wait_s
        else:
            self._stop(wait_s)

    def _await_probe(self, endpoint: ResolvedEndpoint, now_s: float) -> None:
        """A probe that hangs may last: let the lane rest until it has ended."""
        if self._probed_since_s is None:
            self._probed_since_s = now_s
        if now_s - self._probed_since_s >= LOOK_AGAIN_S and not self._holds_on():
            self._stop(self._parts.make.timeout_s(endpoint))
            self._awaits_probe = True

    def take(self, quota: Quota, granted: int) -> LaneTake:
        """The part of the quota that is granted."""
        firsts = min(quota.firsts, granted)
        retries = min(quota.retries, granted)
        if firsts + retries > granted:
            retries = min(retries, max(granted // RETRY_SHARE, 1 if granted > 1 else 0))
            firsts = min(firsts, granted - retries)
        ordered = self._endpoint is not None and self._endpoint.fifo
        upto = self._upto if ordered else ANY
        return LaneTake(self.lane.endpoint_id, self.lane.fence, firsts, retries, ordered, upto)

    async def confirm(self) -> None:
        """Learn how far an ordered endpoint may go, where that is not known."""
        busy = self._stopped or self._open or self._sequence
        if not self._ask_order or busy or self._now_s() < self._not_before_s:
            return
        confirmed = await self._parts.order.confirm(self.lane.application_id, self._confirmed)
        self._ask_order = False
        self._more_to_come = confirmed is None
        if confirmed is not None:
            self._confirmed = max(self._confirmed, confirmed.settled)
            self._upto = max(self._upto, confirmed.upto)
            self._more_to_come = confirmed.upto > confirmed.settled

    def start(self, rows: Sequence[LeasedAttempt], take: LaneTake) -> None:
        """Send what was taken, as far as it may be."""
        endpoint = self._endpoint
        if endpoint is None or self._now_s() >= self._until_s:  # held up: others may have them
            self.untouched.extend(rows)
            self._stop(0.0)
            return
        self._note_shortage(rows, take)
        if take.ordered:
            self._sequence.extend(rows)
            self._send_next()
        elif self._gate is not None:
            self._start_guarded(rows, endpoint, self._gate)

    def _note_shortage(self, rows: Sequence[LeasedAttempt], take: LaneTake) -> None:
        """Where fewer are due than were asked for, there are no more for this turn."""
        if take.ordered:
            self._ask_order = len(rows) < take.firsts_max
            if rows:
                self._look_in_s = NOT_CONFIRMED_S
            elif self._more_to_come:  # later and later, while the turn lasts
                self._look_in_s = min(self._look_in_s * 2, NOT_CONFIRMED_S_MAX)
                self._not_before_s = self._now_s() + self._look_in_s
            else:
                self._stop(GATHER_S)
            return
        firsts = sum(row.delivery.lane == Lane.FIRST for row in rows)
        self._no_firsts = self._no_firsts or firsts < take.firsts_max
        self._no_retries = self._no_retries or len(rows) - firsts < take.retries_max
        if self._no_firsts and self._no_retries:
            self._stop(0.0)
            if self._gate is not None:
                self._gate.guard.lane_empty(self._now_s())

    def _start_guarded(
        self, rows: Sequence[LeasedAttempt], endpoint: ResolvedEndpoint, gate: EndpointQueue
    ) -> None:
        for attempt in rows:
            again = attempt.delivery.lane == Lane.RETRY
            if attempt.delivery.cancelled is not None:
                self._end(attempt, attempt.delivery.cancelled)
            elif ticket := gate.guard.begin(self._now_s(), retry=again, from_lane=True):
                self._send(attempt, endpoint, ticket)
            else:
                verdict = QUEUED_RETRY if again else QUEUED
                self._parts.leased.not_attempted(attempt, verdict, endpoint)

    def _send_next(self) -> None:
        """The next in order, once the one before is on record."""
        while self._sequence and not self._open:
            if self._endpoint is None or self._now_s() >= self._until_s:
                self._keep_back()
                return
            attempt = self._sequence.popleft()
            if attempt.delivery.cancelled is not None:
                self._end(attempt, attempt.delivery.cancelled)
            else:
                self._send(attempt, self._endpoint)

    def _send(self, attempt: LeasedAttempt, endpoint: ResolvedEndpoint, ticket: int = 0) -> None:
        self._open += 1
        if self._rate is not None:
            now_s = self._now_s()
            self._booked_to_s = now_s + self._rate.book(self._ahead_s(now_s), 1)
        self._parts.leased.start(attempt, endpoint, self._gate, ticket, self._recorded)

    def _end(self, attempt: LeasedAttempt, reason: str) -> None:
        self._open += 1
        self._parts.leased.not_attempted(attempt, Cancelled(reason), self._endpoint, self._recorded)

    def _recorded(self, verdict: Verdict, held: bool) -> None:
        self._open -= 1
        if self._endpoint is not None and self._endpoint.fifo:
            if held and isinstance(verdict, Delivered | Exhausted | Gone | Cancelled):
                self._send_next()
            else:  # the head blocks
                self._keep_back()
        self._parts.bell.notify(0)

    def _keep_back(self) -> None:
        self.untouched.extend(self._sequence)
        self._sequence.clear()
        self._stop(0.0)

    def _stop(self, wait_s: float) -> None:
        """Take nothing more in this turn; the next is not before `wait_s` from now."""
        if not self._stopped:
            self._stopped = True
            self._wait_s = wait_s

    def is_over(self) -> bool:
        """Whether the lane may be given back: nothing is taken any more and, where others must
        not send beside it, nothing is under way."""
        if not self._stopped or self._sequence or self.untouched:
            return False
        return not self._holds_on()

    def _holds_on(self) -> bool:
        """Whether something is under way beside which others must not send."""
        endpoint = self._endpoint
        if not self._open or endpoint is None:
            return False
        return endpoint.fifo or endpoint.concurrency_max is not None

    def released(self, wake: Callable[[Sequence[bytes]], None]) -> None:
        """The lane was given back. `wake` lets it have its turn before the time it was given."""
        if self._awaits_probe and self._gate is not None:
            self._gate.after_probe(partial(wake, (self.lane.endpoint_id,)))

    def give_up(self) -> None:
        """Send nothing more of what was taken."""
        self._keep_back()

    def looks_again_in_s(self) -> float:
        """When the turn is worth another look, if nothing rings before."""
        if self._stopped or self._holds_on():
            return SLEEP_S_MAX
        return self._look_in_s

    def release(self) -> LaneRelease:
        """How the lane is given back."""
        now_s = self._now_s()
        state = "waiting" if self._gate is None else self._gate.guard.state
        return LaneRelease(
            self.lane.endpoint_id,
            self.lane.fence,
            self.lane.arrivals,
            int(self._wait_s * 1e6),
            ceil(self._ahead_s(now_s) * 1e6),
            self._confirmed,
            self._endpoint is not None and self._endpoint.fifo,
            state,
        )

    def _ahead_s(self, now_s: float) -> float:
        return max(0.0, self._booked_to_s - now_s) if self._rate is not None else 0.0
