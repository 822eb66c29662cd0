"""A chunk while it is in this process's hands."""

from asyncio import TimerHandle
from enum import Enum, auto
from typing import Any

from angarium_contracts.attempts import AttemptTrigger
from angarium_contracts.hot_path import DeliveriesRequested, RequestedMessage

from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.application.ledger.records import (
    AttemptRow,
    CancelledRow,
    DeliveryKey,
    DueDelivery,
    EventRow,
    Lane,
    PendingRow,
    channel_text,
    delays_text,
)
from angarium_worker.domain.attempt_result import AttemptResult

from .leased_attempt import LeasedAttempt

SCHEDULED = int(AttemptTrigger.SCHEDULED)


class Stage(Enum):
    """Where a first attempt stands."""

    RESOLVING = auto()
    """Its endpoint's configuration is being fetched."""
    WAITING = auto()
    """In memory, for the endpoint or a sending slot: no longer than its chunk is open."""
    SENDING = auto()
    ENDED = auto()
    """Its outcome is with the chunk."""
    HANDED_OVER = auto()
    """The chunk closed without it: it goes on as a pending delivery that this process holds.
    Once that is on record the attempt is `adopted`, and settled on its own."""


class FirstAttempt:
    """The first attempt of one delivery."""

    __slots__ = (
        "adopted",
        "begun_s",
        "chunk",
        "endpoint",
        "endpoint_version",
        "gate",
        "key",
        "message",
        "outcome",
        "stage",
        "submitted",
        "ticket",
        "webhook_id",
    )

    def __init__(
        self,
        chunk: "Chunk[Any]",
        message: RequestedMessage,
        key: DeliveryKey,
        webhook_id: str,
        endpoint_version: int,
    ) -> None:
        self.chunk = chunk
        self.message = message
        self.key = key
        self.webhook_id = webhook_id
        self.endpoint_version = endpoint_version
        self.stage = Stage.RESOLVING
        self.endpoint: ResolvedEndpoint | None = None
        self.submitted: SubmittedAttempt | None = None
        self.outcome: AttemptResult | None = None
        self.adopted: LeasedAttempt | None = None
        self.gate: EndpointQueue | None = None
        self.ticket = 0
        self.begun_s = 0.0

    def pending_row(
        self, due_in_us: int, *, attempts_made: int = 0, fence: int = 0, lane: Lane | None = None
    ) -> PendingRow:
        """The delivery as it goes on after its chunk."""
        message = self.message
        return PendingRow(
            message.id,
            self.key[1],
            message.application_id,
            message.tenant_id,
            message.event_type,
            message.payload,
            self.endpoint_version,
            attempts_made,
            channel_text(message.channels),
            message.trace,
            SCHEDULED,
            delays_text(message.retry_delays_s),
            message.weight,
            lane,
            fence,
            due_in_us,
        )

    def cancelled_row(self, reason: str) -> CancelledRow:
        """The delivery as it ends without an attempt."""
        message = self.message
        return CancelledRow(
            message.id,
            self.key[1],
            message.application_id,
            message.tenant_id,
            message.event_type,
            reason,
        )

    def due(self, fence: int) -> DueDelivery:
        """The delivery as this process holds it once it was handed over."""
        message = self.message
        return DueDelivery(
            message.id,
            self.key[1],
            message.application_id,
            message.tenant_id,
            message.event_type,
            message.payload,
            self.endpoint_version,
            0,
            channel_text(message.channels),
            message.trace,
            SCHEDULED,
            delays_text(message.retry_delays_s),
            message.weight,
            None,
            None,
            fence,
        )


class Chunk[Receipt]:
    """What has become of a chunk so far. `receipt` is what its settlement acknowledges.

    `open` counts the deliveries that have not ended; `closed`: its record is under way. Until
    `sole_until_s`, in the event loop's time, no other worker has the chunk in hand.
    """

    __slots__ = (
        "attempts",
        "cancelled",
        "closed",
        "deliveries",
        "events",
        "firsts",
        "open",
        "payload_bytes",
        "pending",
        "receipt",
        "requested",
        "sole_until_s",
        "timer",
    )

    def __init__(
        self, requested: DeliveriesRequested, receipt: Receipt, sole_until_s: float
    ) -> None:
        self.requested = requested
        self.receipt = receipt
        self.sole_until_s = sole_until_s
        self.deliveries = 0
        self.payload_bytes = 0
        for message in requested.messages:
            self.deliveries += len(message.deliveries)
            self.payload_bytes += len(message.payload)
        self.firsts: list[FirstAttempt] = []
        self.open = 0
        self.attempts: list[AttemptRow] = []
        self.pending: list[PendingRow] = []
        self.cancelled: list[CancelledRow] = []
        self.events: list[EventRow] = []
        self.timer: TimerHandle | None = None
        self.closed = False

    def keys(self) -> list[DeliveryKey]:
        """All its deliveries."""
        return [
            (message.id, delivery.endpoint_id)
            for message in self.requested.messages
            for delivery in message.deliveries
        ]
