"""Messages on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Any, cast

import msgspec
from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.read.messages import Message

from .applications import ApplicationIn
from .fields import (
    ApiSchema,
    Channel,
    EventTypeName,
    Uid,
)


class MessageIn(ApiSchema, frozen=True, kw_only=True):
    """Documents what the message route takes; that route reads its bodies itself."""

    event_type: EventTypeName
    payload: Annotated[
        dict[str, Any], Meta(description="Delivered byte for byte as it stands in the request")
    ]
    event_id: (
        Annotated[Uid, Meta(description="Unique in the application: a repeat is 409")] | None
    ) = None
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=5)] | None = None
    tags: list[str] | None = None
    application: (
        Annotated[
            ApplicationIn, Meta(description="Created first when the path names none that exists")
        ]
        | None
    ) = None
    deliver_at: (
        Annotated[
            datetime,
            Meta(
                tz=True,
                description="Delivered at this time (RFC 3339, with its offset), at most 30 days"
                " ahead, and not before. Until then it can be cancelled. A time that has passed"
                " means at once",
                examples=["2030-12-31T23:59:59Z"],
            ),
        ]
        | None
    ) = None
    payload_retention_period: Annotated[int, Meta(ge=5, le=90, description="In days")] = 90


class MessageOut(ApiSchema, frozen=True, kw_only=True):
    id: Annotated[str, Meta(examples=["msg_05jHR6TnRzUGhKWN8Ckr5D"])]
    event_type: str
    event_id: str | None
    payload: dict[str, Any]
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    timestamp: datetime
    deliver_at: Annotated[
        datetime | UnsetType,
        Meta(description="When it is delivered, or was; left out: when it was posted"),
    ] = UNSET
    canceled_at: Annotated[
        datetime | UnsetType,
        Meta(description="When it was cancelled before its time; it is not delivered"),
    ] = UNSET


def message_out(message: Message) -> MessageOut:
    """A message as clients see it; without content its payload is an empty object."""
    # Raw keeps the payload's text as it was sent: big numbers, order, escapes.
    payload = cast("dict[str, Any]", msgspec.Raw(message.payload or b"{}"))
    return MessageOut(
        id=format_id(MESSAGE, message.id),
        event_type=message.event_type,
        event_id=message.event_id,
        payload=payload,
        channels=message.channels,
        tags=message.tags,
        timestamp=datetime.fromtimestamp(created_at_ms(message.id) / 1000, UTC),
        deliver_at=UNSET if message.deliver_at is None else message.deliver_at,
        canceled_at=UNSET if message.canceled_at is None else message.canceled_at,
    )
