"""Attempts of deliveries that this process holds under a lease: retries, what comes out of
lanes, and first attempts that outlasted their chunk."""

import asyncio
from collections import deque
from functools import partial
from typing import assert_never

import structlog
from angarium_contracts.ids import MESSAGE, format_id

from angarium_worker.application.capacity.capacity import Capacity
from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards, EndpointQueue
from angarium_worker.application.ledger.recorder import Held, Recorder
from angarium_worker.application.ledger.records import (
    AttemptRow,
    CancelledRow,
    DueDelivery,
    EventRow,
    Lane,
    LeasedOutcome,
    Record,
    channels_of,
    delays_of,
)
from angarium_worker.domain.attempt_result import AttemptResult
from angarium_worker.domain.verdict import (
    PARKED_S,
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Parked,
    Queued,
    Retry,
    Unsent,
    Verdict,
)

from .leased_attempt import LeasedAttempt, Recorded, lane_after
from .make_attempt import MakeAttempt

log = structlog.get_logger()

SLOW_S = 0.5
"""An attempt that lasts longer leaves its sending slot to others."""


class LeasedAttempts:
    """Makes them and settles them: the row ends or moves on, and the attempt is appended, only
    while the fence holds."""

    def __init__(
        self,
        make: MakeAttempt,
        recorder: Recorder,
        gates: EndpointGuards,
        capacity: Capacity,
    ) -> None:
        self._make = make
        self._recorder = recorder
        self._gates = gates
        self._shares = capacity.shares
        self._room = capacity.slots
        self._tally = capacity.counters
        self._bell = capacity.retry_wake
        self._lane_bell = capacity.lane_wake
        self._open: set[LeasedAttempt] = set()
        self._young: deque[LeasedAttempt] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(
        self,
        due: DueDelivery,
        endpoint: ResolvedEndpoint,
        gate: EndpointQueue | None,
        ticket: int,
        recorded: Recorded | None = None,
    ) -> None:
        """Make an attempt of `due`, which is in hand, has a slot, and whose endpoint's guard has
        let it begin."""
        now_s = self._gates.clock_s()
        attempt = LeasedAttempt(due, endpoint, gate, ticket, now_s, retry=True, recorded=recorded)
        self._open.add(attempt)
        self._young.append(attempt)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SLOW_S, self._make_way)
        if due.attempts_made:
            self._tally.retries += 1
        self._shares.took(due.tenant_id, due.application_id, due.weight)
        attempt.submitted = self._make.start(
            endpoint,
            format_id(MESSAGE, due.id),
            due,
            due.attempts_made + 1,
            partial(self.ended, attempt),
        )

    def adopt(self, attempt: LeasedAttempt, submitted: SubmittedAttempt | None) -> LeasedAttempt:
        """Take over a first attempt under way, which has lasted; `ended` is to be called with
        its outcome."""
        attempt.submitted = submitted
        self._open.add(attempt)
        attempt.slow = self._room.slow_down()
        return attempt

    def _make_way(self) -> None:
        """Attempts that last long leave their sending slots to others."""
        self._timer = None
        loop = asyncio.get_running_loop()
        young = self._young
        while young:
            attempt = young[0]
            if attempt in self._open:
                lasts_until_s = attempt.begun_s + SLOW_S - self._gates.clock_s()
                if lasts_until_s > 0:
                    self._timer = loop.call_later(lasts_until_s, self._make_way)
                    return
                if self._room.slow_down():
                    attempt.slow = True
                    self._room.retries -= 1
            young.popleft()

    def ended(self, attempt: LeasedAttempt, result: AttemptResult) -> None:
        """Settle the delivery by the result of its attempt."""
        self._open.discard(attempt)
        attempt.submitted = None
        due = attempt.due
        self._shares.gave_back(due.tenant_id, due.application_id)
        self._free_slot(retry=attempt.retry, slow=attempt.slow)
        if attempt.gate is not None:
            self._gates.ended(attempt.gate, attempt.ticket, result, attempt.begun_s)
        verdict, row, event = self._concluded(due, attempt.endpoint, result)
        lane = lane_after(due, attempt.endpoint, verdict)
        self._settle(due, verdict, row, lane, event, attempt.recorded)

    def _concluded(
        self, due: DueDelivery, endpoint: ResolvedEndpoint, result: AttemptResult
    ) -> tuple[Verdict, AttemptRow | None, EventRow | None]:
        try:
            verdict, row = self._make.conclude(
                due,
                channels_of(due.channels),
                endpoint,
                due.attempts_made + 1,
                result,
                trigger=due.trigger,
                retry_delays_s=delays_of(due.retry_delays),
            )
            return verdict, row, None if row is None else self._make.event_of(verdict, row)
        except Exception:  # the delivery must not be lost with a fault of ours
            log.exception("attempt.not_concluded", message=due.id.hex())
            return Parked(PARKED_S), None, None

    def not_attempted(
        self,
        due: DueDelivery,
        verdict: Unsent,
        endpoint: ResolvedEndpoint | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        """Settle a delivery, in hand and with a slot, of which nothing was sent."""
        self._free_slot(retry=True, slow=False)
        if isinstance(verdict, Cancelled):
            self._tally.cancelled += 1
        else:
            self._tally.parked += 1
        lane = lane_after(due, endpoint, verdict)
        self._settle(due, verdict, None, lane, None, recorded)

    def cut_off(self) -> list[DueDelivery]:
        """Give up the attempts under way; gives the deliveries, still leased."""
        given_up = []
        for attempt in self._open:
            if attempt.submitted is not None:
                attempt.submitted.cancel()
            if attempt.gate is not None:
                self._gates.abandoned(attempt.gate, attempt.ticket)
            given_up.append(attempt.due)
        self._open.clear()
        self._young.clear()
        return given_up

    def _free_slot(self, *, retry: bool, slow: bool) -> None:
        if retry and not slow:
            self._room.retries -= 1
        self._room.sent(slow=slow)

    def _settle(
        self,
        due: DueDelivery,
        verdict: Verdict,
        row: AttemptRow | None,
        lane: Lane | None,
        event: EventRow | None,
        recorded: Recorded | None,
    ) -> None:
        made = due.attempts_made + (row is not None)
        cancelled: CancelledRow | None = None
        due_in_us: int | None = None
        match verdict:
            case Delivered() | Exhausted() | Gone():
                pass
            case Cancelled(reason):
                cancelled = _cancelled(due, reason)
            case Retry(delay_s) | Parked(delay_s):
                due_in_us = int(delay_s * 1_000_000)
            case Queued():
                due_in_us = 0
            case _:
                assert_never(verdict)
        outcome = LeasedOutcome(
            due.id,
            due.endpoint_id,
            due.fence,
            due_in_us,
            made,
            row,
            cancelled,
            lane if due_in_us is not None else None,
            event,
        )
        done = partial(self._recorded, due, verdict, outcome, recorded)
        self._recorder.record(Record(leased=(outcome,)), done)

    def _recorded(
        self,
        due: DueDelivery,
        verdict: Verdict,
        outcome: LeasedOutcome,
        recorded: Recorded | None,
        held: Held,
    ) -> None:
        self._room.give_back(1, len(due.payload))
        fence_held = held is not None and (due.id, due.endpoint_id) in held
        if not fence_held:
            self._tally.stale += 1
        elif outcome.due_in_us is not None:
            bell = self._bell if outcome.lane is None else self._lane_bell
            bell.notify(outcome.due_in_us / 1_000_000)
        if recorded is not None:
            recorded(due, verdict, fence_held)


def _cancelled(due: DueDelivery, reason: str) -> CancelledRow:
    return CancelledRow(
        due.id, due.endpoint_id, due.application_id, due.tenant_id, due.event_type, reason
    )
