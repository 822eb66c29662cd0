"""Messages on the wire."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, cast

import msgspec
from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.read.messages import Message

from .applications import MissingApplicationIn
from .fields import (
    EVENT_ID_PATTERN,
    NAME_REMEDY,
    REMEDY,
    ApiSchema,
    Channel,
    EventTypeName,
    RequestSchema,
    Tag,
)

PAYLOAD: Final = (
    'As it was sent; an empty object without content, and `{"expired": true}` once it was deleted.'
    " Of a message with a `contentType`, an object with its `rawPayload` and `headers`, as in"
    " `transformationsParams`."
)
CONTENT_TYPE: Final = (
    "The Content-Type of a raw payload; absent if the payload is a JSON object that is delivered as"
    " application/json."
)
EXPIRED: Final[Mapping[str, Any]] = {"expired": True}
"""The payload of a message whose payload was deleted, as the Svix API has it."""


class TransformationsParams(ApiSchema, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payload as text. The Java and Kotlin SDKs send every message this way."""

    raw_payload: (
        Annotated[
            str,
            Meta(
                description="Any text, delivered byte for byte (UTF-8) in place of `payload`,"
                " which must then be the empty object. As large as a payload may be.",
                examples=["<order>42</order>"],
            ),
        ]
        | None
    ) = None
    headers: (
        Annotated[
            dict[str, str],
            Meta(
                description="Only `content-type`, the Content-Type of `rawPayload`, in place of"
                " `application/json`.",
                examples=[{"content-type": "application/xml"}],
            ),
        ]
        | None
    ) = None


class MessageIn(RequestSchema, frozen=True, kw_only=True):
    """A message to send."""

    event_type: EventTypeName
    payload: Annotated[
        dict[str, Any], Meta(description="A JSON object, delivered byte for byte as it was sent.")
    ]
    event_id: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=256,
                pattern=EVENT_ID_PATTERN,
                extra={
                    REMEDY: f"{NAME_REMEDY} An eventId must not begin with `msg_`, as ids do, nor"
                    " be `batch`, `bulk-expunge` or `expunge-all-contents`, as paths are."
                },
                description="Your own identifier of the message: 1 to 256 letters, digits, `-`, `_`"
                " or `.`, not only dots, not beginning with `msg_`, and none of `batch`,"
                " `bulk-expunge` and `expunge-all-contents`. Posting another message with the same"
                " one to the application gets `409`.",
            ),
        ]
        | None
    ) = None
    channels: (
        Annotated[
            list[Channel],
            Meta(
                min_length=1,
                max_length=5,
                description="Up to 5 labels. Endpoints that filter by channel get the message"
                " only if one of them matches.",
            ),
        ]
        | None
    ) = None
    tags: (
        Annotated[
            list[Tag], Meta(description="Up to 8 labels that lists of messages can filter by.")
        ]
        | None
    ) = None
    application: (
        Annotated[
            MissingApplicationIn,
            Meta(
                description="Created first, with the path's uid, if the application does not exist."
            ),
        ]
        | None
    ) = None
    deliver_at: (
        Annotated[
            datetime,
            Meta(
                tz=True,
                description="Deliver the message at this time, not before (RFC 3339 with an"
                " offset, at most 30 days ahead). It can be canceled until then. A time in the"
                " past means at once.",
                examples=["2030-12-31T23:59:59Z"],
            ),
        ]
        | None
    ) = None
    transformations_params: TransformationsParams | None = None
    payload_retention_period: (
        Annotated[
            int,
            Meta(
                ge=5,
                le=90,
                description="Days after which the payload is deleted, from 5 to 90. The message and"
                " its attempts are kept; a delivery that is still retried keeps its copy until it"
                " ends. By default the payload is kept as long as the message. Only one of this"
                " and `payloadRetentionHours` may be given.",
                examples=[30],
            ),
        ]
        | None
    ) = None
    payload_retention_hours: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=2_160,
                description="As `payloadRetentionPeriod`, in hours, from 1 to 2,160.",
                examples=[24],
            ),
        ]
        | None
    ) = None


class MessagePrecheckIn(RequestSchema, frozen=True, kw_only=True):
    """A message that may be sent."""

    event_type: EventTypeName
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=5)] | None = None


class MessagePrecheckOut(ApiSchema, frozen=True, kw_only=True):
    """The answer to a precheck."""

    active: Annotated[
        bool, Meta(description="True if an enabled endpoint would get such a message.")
    ]


class MessageOut(ApiSchema, frozen=True, kw_only=True):
    """A message. Without content its payload is an empty object."""

    id: Annotated[str, Meta(examples=["msg_05jHR6TnRzUGhKWN8Ckr5D"])]
    event_type: str
    event_id: str | None
    payload: Annotated[
        dict[str, Any],
        Meta(description=PAYLOAD),
    ]
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    timestamp: datetime
    deliver_at: Annotated[
        datetime | UnsetType,
        Meta(description="When it is or was due; absent if it was sent at once."),
    ] = UNSET
    canceled_at: Annotated[
        datetime | UnsetType,
        Meta(description="When it was canceled before it was due; absent if it was not."),
    ] = UNSET
    content_type: Annotated[
        str | UnsetType,
        Meta(
            description=CONTENT_TYPE,
            examples=["application/xml"],
        ),
    ] = UNSET


def message_out(message: Message) -> MessageOut:
    """A message as clients see it; without content its payload is an empty object."""
    return MessageOut(
        id=format_id(MESSAGE, message.id),
        event_type=message.event_type,
        event_id=message.event_id,
        payload=payload_out(message),
        channels=message.channels,
        tags=message.tags,
        timestamp=datetime.fromtimestamp(created_at_ms(message.id) / 1000, UTC),
        deliver_at=UNSET if message.deliver_at is None else message.deliver_at,
        canceled_at=UNSET if message.canceled_at is None else message.canceled_at,
        content_type=content_type_out(message),
    )


def content_type_out(message: Message) -> str | UnsetType:
    """The content type of a raw payload that is still there."""
    return UNSET if message.content_type is None or message.expunged else message.content_type


def payload_out(message: Message) -> dict[str, Any]:
    """The payload as clients see it, an object in every case."""
    if message.payload is None:
        return {}
    if message.expunged:
        return dict(EXPIRED)
    if message.content_type is None:
        # Raw keeps the payload's text as it was sent: big numbers, order, escapes.
        return cast("dict[str, Any]", msgspec.Raw(message.payload))
    return {
        "rawPayload": message.payload.decode(),
        "headers": {"content-type": message.content_type},
    }
