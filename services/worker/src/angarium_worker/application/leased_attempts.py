"""Attempts of deliveries that this process holds under a lease: retries, and first attempts
that outlasted their chunk."""

from functools import partial
from typing import assert_never

from angarium_contracts.ids import MESSAGE, format_id

from angarium_worker.domain.verdict import (
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Parked,
    Retry,
    Verdict,
)

from .due_bell import DueBell
from .make_attempt import MakeAttempt
from .prepared_endpoint import Prepared
from .recorder import Held, Recorder
from .records import (
    AttemptRow,
    CancelledRow,
    DueDelivery,
    LeasedOutcome,
    Record,
    channels_of,
)
from .room import Room
from .sending import Outcome, SubmittedAttempt
from .tally import Tally


class LeasedAttempt:
    """One attempt under a lease."""

    __slots__ = ("due", "endpoint", "retry", "submitted")

    def __init__(self, due: DueDelivery, endpoint: Prepared, *, retry: bool) -> None:
        self.due = due
        self.endpoint = endpoint
        self.retry = retry
        self.submitted: SubmittedAttempt | None = None


class LeasedAttempts:
    """Makes them and settles them: the row ends or moves on, and the attempt is appended, only
    while the fence holds."""

    def __init__(
        self,
        make: MakeAttempt,
        recorder: Recorder,
        room: Room,
        tally: Tally,
        bell: DueBell,
    ) -> None:
        self._make = make
        self._recorder = recorder
        self._room = room
        self._tally = tally
        self._bell = bell
        self._open: set[LeasedAttempt] = set()

    def start(self, due: DueDelivery, endpoint: Prepared) -> None:
        """Make a retry of `due`, which is in hand and has a slot; park it instead while its
        endpoint wants to be left alone."""
        wait_s = self._make.wait_s(endpoint)
        if wait_s:
            self.not_attempted(due, Parked(wait_s))
            return
        attempt = LeasedAttempt(due, endpoint, retry=True)
        self._open.add(attempt)
        self._tally.retries += 1
        attempt.submitted = self._make.start(
            endpoint,
            format_id(MESSAGE, due.id),
            due.payload,
            due.trace,
            partial(self.ended, attempt),
        )

    def adopt(
        self, due: DueDelivery, endpoint: Prepared, submitted: SubmittedAttempt | None
    ) -> LeasedAttempt:
        """Take over a first attempt under way; `ended` is to be called with its outcome."""
        attempt = LeasedAttempt(due, endpoint, retry=False)
        attempt.submitted = submitted
        self._open.add(attempt)
        return attempt

    def ended(self, attempt: LeasedAttempt, outcome: Outcome) -> None:
        """Settle the delivery by the outcome of its attempt."""
        self._open.discard(attempt)
        attempt.submitted = None
        self._free_slot(retry=attempt.retry)
        due = attempt.due
        verdict, row = self._make.conclude(
            due, channels_of(due.channels), attempt.endpoint, due.attempts_made + 1, outcome
        )
        self._settle(due, verdict, row)

    def not_attempted(self, due: DueDelivery, verdict: Parked | Cancelled) -> None:
        """Settle a delivery, in hand and with a slot, of which nothing was sent."""
        self._free_slot(retry=True)
        if isinstance(verdict, Cancelled):
            self._tally.cancelled += 1
        else:
            self._tally.parked += 1
        self._settle(due, verdict, None)

    def cut_off(self) -> list[DueDelivery]:
        """Give up the attempts under way; gives the deliveries, still leased."""
        given_up = []
        for attempt in self._open:
            if attempt.submitted is not None:
                attempt.submitted.cancel()
            given_up.append(attempt.due)
        self._open.clear()
        return given_up

    def _free_slot(self, *, retry: bool) -> None:
        if retry:
            self._room.retries -= 1
        self._room.sent()

    def _settle(self, due: DueDelivery, verdict: Verdict, row: AttemptRow | None) -> None:
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
            case _:
                assert_never(verdict)
        outcome = LeasedOutcome(due.id, due.endpoint_id, due.fence, due_in_us, made, row, cancelled)
        self._recorder.record(Record(leased=(outcome,)), partial(self._recorded, due, due_in_us))

    def _recorded(self, due: DueDelivery, due_in_us: int | None, held: Held) -> None:
        self._room.give_back(1, len(due.payload))
        if held is None or (due.id, due.endpoint_id) not in held:
            self._tally.stale += 1
        elif due_in_us is not None:
            self._bell.ring(due_in_us / 1_000_000)


def _cancelled(due: DueDelivery, reason: str) -> CancelledRow:
    return CancelledRow(
        due.id, due.endpoint_id, due.application_id, due.tenant_id, due.event_type, reason
    )
