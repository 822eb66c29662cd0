"""Polled messages and their consumers on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Any

from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.read.poll_messages import PolledPage, PollingConsumer

from .fields import ApiSchema, RequestSchema
from .messages import CONTENT_TYPE, PAYLOAD, content_type_out, payload_out


class PollingEndpointMessageOut(ApiSchema, frozen=True, kw_only=True):
    """A message of a polled endpoint."""

    id: str
    event_type: str
    event_id: str | None
    payload: Annotated[dict[str, Any], Meta(description=PAYLOAD)]
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    timestamp: datetime
    deliver_at: datetime | UnsetType = UNSET
    content_type: Annotated[str | UnsetType, Meta(description=CONTENT_TYPE)] = UNSET


class PollingEndpointOut(ApiSchema, frozen=True, kw_only=True):
    """A page of messages, in the order in which they became available."""

    data: list[PollingEndpointMessageOut]
    iterator: Annotated[
        str, Meta(description="Pass it with the next request. There is one on an empty page, too.")
    ]
    done: Annotated[
        bool,
        Meta(
            description="False if there are more messages now. A page may be short or empty while"
            " it is false: ask again at once."
        ),
    ]


class PollingEndpointConsumerSeekIn(RequestSchema, frozen=True, kw_only=True):
    """The time from which a consumer is to read."""

    after: Annotated[
        datetime,
        Meta(
            tz=True,
            description="Every message accepted at or after this time is read (again). RFC 3339"
            " with an offset.",
            examples=["2026-03-02T08:00:00Z"],
        ),
    ]


class PollingEndpointConsumerSeekOut(ApiSchema, frozen=True, kw_only=True):
    """The new position of a consumer."""

    iterator: str


class PollingEndpointConsumerOut(ApiSchema, frozen=True, kw_only=True):
    """A consumer of a polled endpoint."""

    id: Annotated[str, Meta(description="The name by which the consumer polls.")]
    iterator: Annotated[str, Meta(description="The position that the consumer has confirmed.")]
    behind: Annotated[
        int,
        Meta(description="Messages after that position. The count stops at 10,000."),
    ]
    waiting_since: Annotated[
        datetime | None,
        Meta(description="When the first of them became available; `null` if there is none."),
    ]
    updated_at: Annotated[datetime, Meta(description="When the position was last moved.")]


class PollingEndpointConsumersOut(ApiSchema, frozen=True, kw_only=True):
    """All consumers of a polled endpoint, at most 100, by name."""

    data: list[PollingEndpointConsumerOut]


def polled_out(page: PolledPage) -> PollingEndpointOut:
    """A page as clients see it."""
    return PollingEndpointOut(
        data=[_message_out(message) for message in page.messages],
        iterator=page.iterator,
        done=page.done,
    )


def consumer_out(consumer: PollingConsumer) -> PollingEndpointConsumerOut:
    """A consumer as clients see it."""
    return PollingEndpointConsumerOut(
        id=consumer.name,
        iterator=consumer.iterator,
        behind=consumer.behind,
        waiting_since=consumer.waiting_since,
        updated_at=consumer.updated_at,
    )


def _message_out(message: Message) -> PollingEndpointMessageOut:
    return PollingEndpointMessageOut(
        id=format_id(MESSAGE, message.id),
        event_type=message.event_type,
        event_id=message.event_id,
        payload=payload_out(message),
        channels=message.channels,
        tags=message.tags,
        timestamp=datetime.fromtimestamp(created_at_ms(message.id) / 1000, UTC),
        deliver_at=UNSET if message.deliver_at is None else message.deliver_at,
        content_type=content_type_out(message),
    )
