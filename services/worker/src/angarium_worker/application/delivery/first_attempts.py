"""First attempts: admitted, sent or made to wait, and concluded.

An attempt that cannot begin waits in memory while its chunk is open. One that will not begin soon
goes into its endpoint's lane at once, because what waits in memory keeps others waiting too.
"""

from collections.abc import Callable, Sequence
from functools import partial

from angarium_worker.application.capacity.capacity import Capacity
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    ResolvedEndpoint,
)
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.application.endpoints.endpoints import Endpoints
from angarium_worker.application.ledger.records import AttemptRow, EventRow
from angarium_worker.domain.admission import Admission, EndpointFact, Origin, decide
from angarium_worker.domain.attempt_result import AttemptResult
from angarium_worker.domain.delivery import DeliveryState
from angarium_worker.domain.verdict import (
    QUEUED,
    Unsent,
    Verdict,
)

from .admission import fact_of, newest_wanted, unsent
from .chunk import FirstAttempt
from .leased_attempt import LeasedAttempt
from .leased_attempts import LeasedAttempts
from .make_attempt import MakeAttempt

type Ended = Callable[[FirstAttempt, Verdict, AttemptRow | None, EventRow | None], None]


class FirstAttempts:
    """Begins first attempts and calls `ended`, which its owner sets, once for each."""

    def __init__(
        self,
        endpoints: Endpoints,
        make: MakeAttempt,
        leased: LeasedAttempts,
        capacity: Capacity,
    ) -> None:
        self._cache = endpoints.cache
        self._guards = endpoints.guards
        self._retry_after = endpoints.retry_after
        self._make = make
        self._leased = leased
        self._slots = capacity.slots
        self._shares = capacity.shares
        self.ended: Ended = _no_owner

    def begin_known(self, first: FirstAttempt) -> bool:
        """Begin an attempt, if its endpoint is in memory in the version that it asks for."""
        endpoint = self._cache.get(first.key[1], first.endpoint_version)
        if endpoint is None:
            return False
        self.begin(first, endpoint)
        return True

    async def resolve(self, firsts: Sequence[FirstAttempt]) -> None:
        """Begin attempts whose endpoints are not in memory."""
        wanted = newest_wanted((first.key[1], first.endpoint_version) for first in firsts)
        found = await self._cache.load(wanted)
        for first in firsts:
            # Its chunk may have closed during the load, and put it into the lane: begun now as
            # well, it would be sent twice.
            if first.state is DeliveryState.REQUESTED:
                self.begin(first, found.get(first.key[1]))

    def begin(self, first: FirstAttempt, endpoint: EndpointConfig | None) -> None:
        """Begin an attempt, or let it wait, or end it unsent. None: its endpoint is not known."""
        if not isinstance(endpoint, ResolvedEndpoint):
            admission = decide(Origin.CHUNK, fact_of(endpoint))
            self.give_up(first, unsent(admission, endpoint))
            return
        queue = first.queue = self._guards.of(endpoint.id)
        queue.guard.arrived(self._guards.clock_s())
        first.endpoint = endpoint
        self._try(first, endpoint, queue)

    def give_up(self, first: FirstAttempt, verdict: Unsent) -> None:
        """End it without having sent anything."""
        self._stop_waiting(first)
        if verdict is QUEUED and first.queue is not None:
            first.queue.parked(self._guards.clock_s())
        self.ended(first, verdict, None, None)

    def forget_given_up(self, firsts: Sequence[FirstAttempt]) -> None:
        """Remove attempts that were given up from the queues of their endpoints."""
        for queue in {first.queue for first in firsts if first.queue is not None}:
            if queue.waiters:
                self._guards.drop_given_up(queue)

    def _try(self, first: FirstAttempt, endpoint: ResolvedEndpoint, queue: EndpointQueue) -> None:
        now_s = self._guards.clock_s()
        guard = queue.guard
        fact = EndpointFact.STRICT if endpoint.strict else EndpointFact.USABLE
        paused = self._retry_after.wait_s(endpoint.id) > 0
        has_slot = self._slots.has_slot()
        if decide(Origin.CHUNK, fact, paused=paused, has_slot=has_slot) is Admission.START:
            ticket = guard.begin(now_s, retry=False, from_lane=False)
            if ticket:
                self._send(first, endpoint, ticket)
                return
        over = not has_slot and self._over_share(first)
        admission = decide(
            Origin.CHUNK,
            fact,
            paused=paused,
            has_slot=has_slot,
            crowded_out=over and self._slots.crowded(),
            refused=has_slot,
            down=guard.is_open(now_s),
            backlog=queue.has_backlog(now_s),
        )
        if admission is Admission.WAIT_FOR_SLOT:
            self._wait(first)
            # Whose application has its share of the slots waits behind the others.
            self._slots.wait_for_slot(_Waiting(self, first), first=not over)
        elif admission is Admission.WAIT_FOR_ENDPOINT:
            self._wait(first)
            queue.waiters.append(_Waiting(self, first))
        else:
            self.give_up(first, unsent(admission, endpoint))

    def _over_share(self, first: FirstAttempt) -> bool:
        message = first.message
        return self._shares.over_share(message.tenant_id, message.application_id, message.weight)

    def _wait(self, first: FirstAttempt) -> None:
        if first.place is None:
            first.state = DeliveryState.WAITING
            first.place = self._slots.wait()

    def _stop_waiting(self, first: FirstAttempt) -> None:
        place = first.place
        if place is not None:
            first.place = None
            self._slots.release(place)

    def again(self, first: FirstAttempt) -> None:
        """Try a waiting attempt again: a slot is free."""
        if first.endpoint is not None and first.queue is not None:
            self._try(first, first.endpoint, first.queue)

    def go(self, first: FirstAttempt, ticket: int) -> None:
        """Send a waiting attempt, which the endpoint's guard has let begin."""
        if first.endpoint is not None:
            self._send(first, first.endpoint, ticket)

    def _send(self, first: FirstAttempt, endpoint: ResolvedEndpoint, ticket: int) -> None:
        self._stop_waiting(first)
        first.state = DeliveryState.SENDING
        first.ticket = ticket
        first.begun_s = self._guards.clock_s()
        message = first.message
        first.slot = self._slots.start()
        self._shares.took(message.tenant_id, message.application_id, message.weight)
        first.submitted = self._make.start(
            endpoint,
            first.webhook_id,
            message,
            1,
            partial(self._on_outcome, first),
        )

    def _on_outcome(self, first: FirstAttempt, result: AttemptResult) -> None:
        endpoint, queue, slot = first.endpoint, first.queue, first.slot
        if first.handed_over or endpoint is None or queue is None or slot is None:
            self._on_late_outcome(first, result)
            return
        first.submitted = None
        message = first.message
        self._shares.gave_back(message.tenant_id, message.application_id)
        self._slots.sent(slot)
        self._guards.ended(queue, first.ticket, result, first.begun_s)
        verdict, row, event = self._make.conclude(
            message, message.channels, endpoint, 1, result, retry_delays_s=message.retry_delays_s
        )
        self.ended(first, verdict, row, event)

    def _on_late_outcome(self, first: FirstAttempt, result: AttemptResult) -> None:
        first.submitted = None
        if first.adopted is not None:
            self._leased.ended(first.adopted, result)
        else:
            # Its pending row is not on record yet: a settlement now would find no row under its
            # fence, and the outcome would be dropped. `adopt` settles it.
            first.outcome = result

    def adopt(self, first: FirstAttempt, fence: int) -> None:
        """Go on with an attempt that outlasted its chunk as a leased one, now that its row is on
        record under `fence`."""
        reservation, slot, endpoint = first.place, first.slot, first.endpoint
        if reservation is None or slot is None or endpoint is None:
            raise AssertionError("handed over, but not under way")
        # Both tokens move to the leased attempt, which releases them; released here too, the
        # counts would be wrong.
        first.place = first.slot = None
        attempt = LeasedAttempt(first.goes_on(fence=fence), reservation, slot)
        attempt.endpoint, attempt.queue, attempt.ticket = endpoint, first.queue, first.ticket
        attempt.begun_s = first.begun_s
        attempt.state = first.state
        first.adopted = attempt
        self._leased.adopt(attempt, first.submitted)
        if first.outcome is not None:
            self._leased.ended(attempt, first.outcome)


class _Waiting:
    """Implements `Waiter` and `SlotWaiter`."""

    __slots__ = ("_first", "_firsts")

    def __init__(self, firsts: FirstAttempts, first: FirstAttempt) -> None:
        self._firsts = firsts
        self._first = first

    @property
    def waiting(self) -> bool:
        return self._first.state is DeliveryState.WAITING

    def go(self, ticket: int) -> None:
        self._firsts.go(self._first, ticket)

    def try_again(self) -> None:
        self._firsts.again(self._first)


def _no_owner(*_: object) -> None:
    raise RuntimeError("a first attempt ended before `ended` was set")
