"""Watches the steps that deliveries take in real workers over fakes."""

from typing import Any

from angarium_contracts.ids import MESSAGE, parse_id
from angarium_worker.application.ledger.records import Record, Settled
from angarium_worker.domain.attempt_result import FailureReason
from angarium_worker.domain.delivery import DeliveryKey, DeliveryState
from angarium_worker.domain.verdict import (
    Aborted,
    Cancelled,
    Delivered,
    Exhausted,
    Gone,
    Parked,
    Queued,
    Retry,
)

type Step = tuple[DeliveryState | None, DeliveryState, type | None]

IN_MEMORY = (DeliveryState.REQUESTED, DeliveryState.WAITING, DeliveryState.SENDING)
"""Those that a first attempt itself tells; that it has left them, its record does."""


class Watch:
    """Sees the steps that deliveries take in one world: workers over one ledger."""

    def __init__(self) -> None:
        self.states: dict[DeliveryKey, DeliveryState] = {}
        self.seen: set[Step] = set()
        self.rigs: list[Any] = []
        self.looks_away = False
        self._looked: dict[int, int] = {}

    def moved(self, key: DeliveryKey, state: DeliveryState, verdict: type | None = None) -> None:
        before = self.states.get(key)
        if self.looks_away:
            return
        if before is not state or verdict is not None:
            self.states[key] = state
            self.seen.add((before, state, verdict))

    def began(self, key: DeliveryKey) -> None:
        self.seen.add((self.states.get(key), DeliveryState.REQUESTED, None))
        self.states[key] = DeliveryState.REQUESTED

    def held(self, key: DeliveryKey, lane: int | None) -> None:
        if self.states.get(key) in (DeliveryState.HELD, DeliveryState.SENDING):
            self.moved(key, row_state(lane))  # the lease before has run out
        self.moved(key, DeliveryState.HELD)

    def look(self) -> None:
        """See what was sent since."""
        for rig in self.rigs:
            endpoints = {state.url: each for each, state in rig.endpoints.owned.items()}
            new = rig.sender.sent[self._looked.get(id(rig), 0) :]
            self._looked[id(rig)] = len(rig.sender.sent)
            for sent in new:
                message_id = parse_id(MESSAGE, dict(sent.request.headers)["webhook-id"])
                assert message_id is not None
                key = (message_id, endpoints[sent.request.url])
                self.moved(key, DeliveryState.SENDING)


def row_state(lane: int | None) -> DeliveryState:
    return DeliveryState.SCHEDULED if lane is None else DeliveryState.IN_LANE


def recorded(watch: Watch, record: Record) -> None:
    """See what a record that was written makes of first attempts."""
    pending = {row.key: row for row in record.pending}
    for attempted in record.attempts:
        key = (attempted.message_id, attempted.endpoint_id)
        if key in pending:
            watch.moved(key, DeliveryState.SCHEDULED, Retry)
        else:
            watch.moved(key, *ended_as(attempted.response_status, attempted.failure))
    tried = {(row.message_id, row.endpoint_id) for row in record.attempts}
    for key, row in pending.items():
        if not row.is_held and key not in tried:
            watch.moved(key, row_state(row.lane), Parked if row.lane is None else Queued)
    for cancelled in record.cancelled:
        watch.moved(cancelled.key, DeliveryState.CANCELLED, Cancelled)


def ended_as(status: int, failure: str | None = None) -> tuple[DeliveryState, type]:
    if 200 <= status <= 299:
        return DeliveryState.DELIVERED, Delivered
    if failure == FailureReason.ABORTED_BY_RECEIVER:
        return DeliveryState.EXHAUSTED, Aborted
    gone = status == 410 or failure == FailureReason.DISABLED_BY_RECEIVER
    return DeliveryState.EXHAUSTED, Gone if gone else Exhausted


def settled(watch: Watch, outcome: Settled) -> None:
    """See what a leased delivery came to."""
    watch.look()  # an outcome comes after its request
    if outcome.state is DeliveryState.CANCELLED:
        verdict: type = Cancelled
    elif outcome.ends:
        assert outcome.attempt is not None
        verdict = ended_as(outcome.attempt.response_status, outcome.attempt.failure)[1]
    elif outcome.attempt is not None:
        verdict = Retry
    else:
        verdict = Queued if outcome.delivery.due_in_us == 0 else Parked
    watch.moved(outcome.delivery.key, outcome.state, verdict)
