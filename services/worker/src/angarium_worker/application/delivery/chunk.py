"""A chunk of deliveries and its first attempts, in this process's memory."""

from asyncio import TimerHandle
from typing import Any

from angarium_contracts.hot_path import DeliveriesRequested, RequestedMessage

from angarium_worker.application.capacity.delivery_slots import Reservation, SendingSlot
from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.application.ledger.records import AttemptRow, EventRow
from angarium_worker.domain.attempt_result import AttemptResult
from angarium_worker.domain.delivery import (
    SCHEDULED_TRIGGER,
    Delivery,
    DeliveryKey,
    DeliveryState,
    Lane,
)

from .leased_attempt import LeasedAttempt


class FirstAttempt:
    """The first attempt of one delivery, in memory.

    `state` is the delivery's. Where its chunk closes while it is being sent it is `handed_over`:
    it goes on as a pending delivery that this process holds. Once that is on record the attempt
    is `adopted`, and settled on its own.
    """

    __slots__ = (
        "adopted",
        "begun_s",
        "chunk",
        "endpoint",
        "endpoint_version",
        "handed_over",
        "key",
        "message",
        "outcome",
        "place",
        "queue",
        "slot",
        "state",
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
        self.state = DeliveryState.REQUESTED
        self.handed_over = False
        self.endpoint: ResolvedEndpoint | None = None
        self.submitted: SubmittedAttempt | None = None
        self.outcome: AttemptResult | None = None
        self.place: Reservation | None = None
        self.slot: SendingSlot | None = None
        self.adopted: LeasedAttempt | None = None
        self.queue: EndpointQueue | None = None
        self.ticket = 0
        self.begun_s = 0.0

    def goes_on(
        self,
        due_in_us: int = 0,
        *,
        attempts_made: int = 0,
        lane: Lane | None = None,
        fence: int | None = None,
        cancelled: str | None = None,
    ) -> Delivery:
        """The delivery as it goes on record, after its chunk."""
        message = self.message
        return Delivery(
            message.id,
            self.key[1],
            message.application_id,
            message.tenant_id,
            message.event_type,
            message.payload,
            self.endpoint_version,
            attempts_made,
            message.channels,
            message.trace,
            SCHEDULED_TRIGGER,
            message.retry_delays_s,
            message.weight,
            lane,
            due_in_us,
            fence,
            cancelled,
            message.content_type,
        )


class Chunk[Receipt]:
    """A chunk and the outcomes of its deliveries so far. Its settlement acknowledges `receipt`.

    `reservation` is its capacity, from when it is begun (`begun_s`) until it is settled.
    `open` counts the deliveries that have not ended; `closed`: its record is under way. Until
    `sole_until_s`, no other worker can have read the chunk. Times are the event loop's.
    """

    __slots__ = (
        "attempts",
        "begun_s",
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
        "reservation",
        "sole_until_s",
        "timer",
    )

    def __init__(
        self, requested: DeliveriesRequested, receipt: Receipt, sole_until_s: float
    ) -> None:
        self.requested = requested
        self.receipt = receipt
        self.sole_until_s = sole_until_s
        self.begun_s = 0.0
        self.reservation: Reservation | None = None
        self.deliveries = 0
        self.payload_bytes = 0
        for message in requested.messages:
            self.deliveries += len(message.deliveries)
            self.payload_bytes += len(message.payload)
        self.firsts: list[FirstAttempt] = []
        self.open = 0
        self.attempts: list[AttemptRow] = []
        self.pending: list[Delivery] = []
        self.cancelled: list[Delivery] = []
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
