"""Attempts of deliveries that this process holds under a lease: retries, what comes out of
lanes, and first attempts that outlasted their chunk."""

import asyncio
from collections import deque
from collections.abc import Iterable
from functools import partial

from angarium_contracts.ids import MESSAGE, format_id

from angarium_worker.application.capacity.capacity import Capacity
from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards, EndpointQueue
from angarium_worker.application.ledger.recorder import Held, Recorder
from angarium_worker.application.ledger.records import AttemptRow, EventRow, Record, Settled
from angarium_worker.domain.attempt_result import AttemptResult
from angarium_worker.domain.delivery import SCHEDULED_TRIGGER, Delivery, DeliveryState
from angarium_worker.domain.delivery_states import after
from angarium_worker.domain.verdict import Cancelled, Unsent, Verdict

from .leased_attempt import LeasedAttempt, Recorded
from .make_attempt import MakeAttempt

SLOW_S = 0.5
"""An attempt that lasts longer leaves its sending slot to others."""


class LeasedAttempts:
    """Makes attempts under a lease and settles them: the row ends or goes on, and the attempt is
    appended, only while the fence holds."""

    def __init__(
        self,
        make: MakeAttempt,
        recorder: Recorder,
        guards: EndpointGuards,
        capacity: Capacity,
    ) -> None:
        self._make = make
        self._recorder = recorder
        self._guards = guards
        self._shares = capacity.shares
        self._slots = capacity.slots
        self._counters = capacity.counters
        self._retry_wake = capacity.retry_wake
        self._lane_wake = capacity.lane_wake
        self._open: set[LeasedAttempt] = set()
        self._young: deque[LeasedAttempt] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, delivery: Delivery) -> LeasedAttempt:
        """Reserve capacity and a sending slot for a delivery that was just leased."""
        reservation = self._slots.reserve(1, len(delivery.payload))
        return LeasedAttempt(delivery, reservation, self._slots.start(retry=True))

    def give_back(self, attempts: Iterable[LeasedAttempt]) -> None:
        """Release the capacity of deliveries of which nothing was sent."""
        for attempt in attempts:
            self._slots.sent(attempt.slot)
            self._slots.release(attempt.reservation)

    def start(
        self,
        attempt: LeasedAttempt,
        endpoint: ResolvedEndpoint,
        queue: EndpointQueue | None,
        ticket: int,
        recorded: Recorded | None = None,
    ) -> None:
        """Make an attempt, which the endpoint's guard has let begin."""
        delivery = attempt.delivery
        attempt.state = DeliveryState.SENDING
        attempt.endpoint, attempt.queue, attempt.ticket = endpoint, queue, ticket
        attempt.begun_s = self._guards.clock_s()
        attempt.recorded = recorded
        self._open.add(attempt)
        self._young.append(attempt)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SLOW_S, self._make_way)
        if delivery.attempts_made:
            self._counters.retries += 1
        self._shares.took(delivery.tenant_id, delivery.application_id, delivery.weight)
        attempt.submitted = self._make.start(
            endpoint,
            format_id(MESSAGE, delivery.message_id),
            delivery,
            delivery.attempts_made + 1,
            partial(self.ended, attempt),
            link=_link(delivery),
        )

    def adopt(self, attempt: LeasedAttempt, submitted: SubmittedAttempt | None) -> None:
        """Take over a first attempt under way, which has lasted; `ended` is to be called with
        its outcome."""
        attempt.submitted = submitted
        self._open.add(attempt)
        self._slots.slow_down(attempt.slot)

    def _make_way(self) -> None:
        """Free the sending slots of attempts that last long."""
        self._timer = None
        loop = asyncio.get_running_loop()
        young = self._young
        while young:
            attempt = young[0]
            if attempt in self._open:
                lasts_until_s = attempt.begun_s + SLOW_S - self._guards.clock_s()
                if lasts_until_s > 0:
                    self._timer = loop.call_later(lasts_until_s, self._make_way)
                    return
                self._slots.slow_down(attempt.slot)
            young.popleft()

    def ended(self, attempt: LeasedAttempt, result: AttemptResult) -> None:
        """Settle the delivery by the result of its attempt."""
        delivery, endpoint = attempt.delivery, attempt.endpoint
        if endpoint is None:
            raise AssertionError("an outcome without an attempt")
        self._open.discard(attempt)
        attempt.submitted = None
        self._shares.gave_back(delivery.tenant_id, delivery.application_id)
        self._slots.sent(attempt.slot)
        if attempt.queue is not None:
            self._guards.ended(attempt.queue, attempt.ticket, result, attempt.begun_s)
        verdict, row, event = self._make.conclude(
            delivery,
            delivery.channels,
            endpoint,
            delivery.attempts_made + 1,
            result,
            trigger=delivery.trigger,
            retry_delays_s=delivery.retry_delays_s,
        )
        if row is None:
            self._counters.parked += 1
        self._settle(attempt, verdict, row, event)

    def not_attempted(
        self,
        attempt: LeasedAttempt,
        verdict: Unsent,
        endpoint: ResolvedEndpoint | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        """Settle a delivery without an attempt."""
        attempt.endpoint, attempt.recorded = endpoint, recorded
        self._slots.sent(attempt.slot)
        if isinstance(verdict, Cancelled):
            self._counters.cancelled += 1
        else:
            self._counters.parked += 1
        self._settle(attempt, verdict, None, None)

    def cut_off(self) -> list[Delivery]:
        """Cancel the attempts under way; returns their deliveries, still leased."""
        given_up = []
        for attempt in self._open:
            if attempt.submitted is not None:
                attempt.submitted.cancel()
            if attempt.queue is not None:
                self._guards.abandoned(attempt.queue, attempt.ticket)
            given_up.append(attempt.delivery)
        self._open.clear()
        self._young.clear()
        return given_up

    def _settle(
        self,
        attempt: LeasedAttempt,
        verdict: Verdict,
        row: AttemptRow | None,
        event: EventRow | None,
    ) -> None:
        delivery, endpoint = attempt.delivery, attempt.endpoint
        step = after(
            attempt.state,
            verdict,
            lane=delivery.lane,
            strict=endpoint is not None and endpoint.strict,
            fifo=endpoint is not None and endpoint.fifo,
        )
        attempt.state = step.state
        settled = Settled(
            delivery._replace(
                attempts_made=delivery.attempts_made + (row is not None),
                lane=step.lane,
                due_in_us=step.due_in_us,
                cancelled=verdict.reason if isinstance(verdict, Cancelled) else None,
            ),
            step.state,
            row,
            event,
        )
        done = partial(self._recorded, attempt, verdict, settled)
        self._recorder.record(Record(leased=(settled,)), done)

    def _recorded(
        self, attempt: LeasedAttempt, verdict: Verdict, settled: Settled, held: Held
    ) -> None:
        self._slots.release(attempt.reservation)
        # Where the lease ended first, another worker owns the delivery and nothing was written. To
        # notify or to go on with the lane here would send it beside that worker.
        fence_held = held is not None and settled.delivery.key in held
        if not fence_held:
            self._counters.stale += 1
        elif not settled.ends:
            wake = self._retry_wake if settled.delivery.lane is None else self._lane_wake
            wake.notify(settled.delivery.due_in_us / 1_000_000)
        if attempt.recorded is not None:
            attempt.recorded(verdict, fence_held)


def _link(delivery: Delivery) -> str | None:
    if delivery.trigger != SCHEDULED_TRIGGER:
        return "resend"
    return "retry" if delivery.attempts_made else None
