"""Messages on their way from the gateway to the workers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from angarium_contracts.hot_path import DeliveriesRequested, RequestedDelivery, RequestedMessage
from angarium_worker.domain.delivery import DeliveryKey

from .processes import Process
from .surroundings import Endpoint


@dataclass(slots=True, eq=False)
class Message:
    """A posted message: `posted_s` by the client, whose request is answered at `answered_s`."""

    id: bytes
    tenant_id: bytes
    application_id: bytes
    weight: int
    payload: bytes
    retry_delays_s: tuple[float, ...] | None
    endpoints: list[Endpoint]
    posted_s: float
    answered_s: float = 0.0


@dataclass(slots=True, eq=False)
class Batch:
    """Messages that were committed together."""

    id: bytes
    messages: list[Message]
    publication: int = 1
    chunks: list[tuple[RequestedMessage, ...]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Entry:
    """A chunk on the stream, in the hands of `holder`."""

    value: DeliveriesRequested
    holder: Process | None = None
    redelivered: bool = False


class GatewayWatch(Protocol):
    """Who is told of every delivery: that it was accepted, that its chunk is on the stream, who
    reads it, that it was acknowledged."""

    def accepted(self, message: Message, endpoint: Endpoint) -> None: ...
    def arrived(self, keys: Sequence[DeliveryKey]) -> None: ...
    def read(self, keys: Sequence[DeliveryKey], process: Process) -> None: ...
    def settled(self, keys: Sequence[DeliveryKey]) -> None: ...


def keys_of(value: DeliveriesRequested) -> list[DeliveryKey]:
    """The deliveries of a chunk."""
    return [
        (message.id, delivery.endpoint_id)
        for message in value.messages
        for delivery in message.deliveries
    ]


def requested_of(message: Message, endpoints: Sequence[Endpoint]) -> RequestedMessage:
    """The message, for these endpoints."""
    return RequestedMessage(
        id=message.id,
        tenant_id=message.tenant_id,
        application_id=message.application_id,
        event_type="a.b",
        payload=message.payload,
        deliveries=tuple(
            RequestedDelivery(endpoint_id=each.state.id, endpoint_version=each.state.version)
            for each in endpoints
        ),
        weight=message.weight,
        retry_delays_s=message.retry_delays_s,
    )
