"""Deliveries on the wire.

SDKs before 2.0 have no number for a canceled delivery, and refuse to read one they do not know. So
it is shown as failed unless the client asks for expanded statuses, and `canceledReason` tells it
from those that are exhausted.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.deliveries import Delivery, DeliveryStatus
from angarium_contracts.ids import ENDPOINT, MESSAGE, created_at_ms, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.read.deliveries import DeliveredMessage, Destination

from .attempts import STATUS_TEXTS, StatusText
from .fields import ApiSchema, FilterTypesOut, RateLimitOut
from .former_names import EndpointVersion
from .messages import CONTENT_TYPE, PAYLOAD, content_type_out, payload_out

NO_URL = "https://deleted.invalid/"
"""Of a deleted endpoint that was never sent anything: no host has this name (RFC 6761, 6.4)."""

Status = Annotated[
    AttemptStatus,
    Meta(
        description="0 success, 1 pending (waiting for its first attempt), 2 fail (out of retries,"
        " or canceled if `canceledReason` is set), 3 sending (being attempted, or waiting for its"
        " next attempt)."
    ),
]
ExpandedStatus = Annotated[
    DeliveryStatus,
    Meta(
        description="0 success, 1 pending (waiting for its first attempt), 2 fail (out of retries,"
        " or canceled if `canceledReason` is set), 3 sending (being attempted, or waiting for its"
        " next attempt); with `expanded_statuses`, 4 canceled."
    ),
]
ExpandedStatusText = Literal["success", "pending", "fail", "sending", "canceled"]
NextAttempt = Annotated[
    datetime | None,
    Meta(
        description="When the next attempt is due. `null` for a delivery that is being attempted,"
        " has ended, or waits behind others of its endpoint."
    ),
]
CanceledReason = Annotated[
    str | UnsetType,
    Meta(
        description="Why the delivery was canceled; absent if it was not.",
        examples=["the endpoint is disabled"],
    ),
]


class MessageEndpointOut(ApiSchema, frozen=True, kw_only=True):
    """An endpoint, and the status of a message's delivery to it."""

    id: str
    status: Status
    status_text: StatusText
    next_attempt: NextAttempt
    url: Annotated[
        str, Meta(description="The endpoint's URL; for a deleted endpoint, the last one used.")
    ]
    description: str
    disabled: bool
    uid: str | None
    throttle_rate: int | None
    rate_limit: RateLimitOut
    event_types: tuple[str, ...] | None
    filter_types: FilterTypesOut
    channels: tuple[str, ...] | None
    created_at: datetime
    updated_at: Annotated[
        datetime, Meta(description="For a deleted endpoint, when it was deleted.")
    ]
    version: EndpointVersion = 1
    canceled_reason: CanceledReason = UNSET
    deleted: Annotated[
        bool | UnsetType, Meta(description="True if the endpoint was deleted; else absent.")
    ] = UNSET


class EndpointMessageOut(ApiSchema, frozen=True, kw_only=True):
    """A message, and the status of its delivery to an endpoint."""

    id: str
    event_type: str
    event_id: str | None
    payload: Annotated[dict[str, Any], Meta(description=PAYLOAD)]
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    timestamp: datetime
    status: ExpandedStatus
    status_text: ExpandedStatusText
    next_attempt: NextAttempt
    deliver_at: datetime | UnsetType = UNSET
    content_type: Annotated[str | UnsetType, Meta(description=CONTENT_TYPE)] = UNSET
    canceled_reason: CanceledReason = UNSET


def statuses_of(status: DeliveryStatus | None, *, expanded: bool) -> set[DeliveryStatus] | None:
    """Those that a filter means; None: any. What is shown as failed is found as failed."""
    if status is None:
        return None
    if status is DeliveryStatus.FAIL and not expanded:
        return {DeliveryStatus.FAIL, DeliveryStatus.CANCELED}
    return {status}


def destination_out(found: Destination) -> MessageEndpointOut:
    """A message's delivery to an endpoint as clients see it."""
    delivery, endpoint = found.delivery, found.endpoint
    status = _shown(delivery)
    throttle_rate = None if endpoint is None else endpoint.throttle_rate
    event_types = None if endpoint is None else endpoint.event_types
    # The time in its id is all that is left of an endpoint that nobody knows any more.
    made_at = _made_at(delivery.endpoint_id)
    return MessageEndpointOut(
        id=format_id(ENDPOINT, delivery.endpoint_id),
        status=status,
        status_text=STATUS_TEXTS[status],
        next_attempt=delivery.next_attempt_at,
        url=delivery.url or NO_URL if endpoint is None or found.deleted else endpoint.url,
        description="" if endpoint is None else endpoint.description,
        disabled=endpoint is None or endpoint.disabled,
        uid=None if endpoint is None else endpoint.uid,
        throttle_rate=throttle_rate,
        rate_limit=throttle_rate,
        event_types=event_types,
        filter_types=event_types,
        channels=None if endpoint is None else endpoint.channels,
        created_at=made_at if endpoint is None else endpoint.created_at,
        updated_at=made_at if endpoint is None else endpoint.updated_at,
        canceled_reason=_reason(delivery),
        deleted=True if found.deleted else UNSET,
    )


def delivered_message_out(found: DeliveredMessage, *, expanded: bool) -> EndpointMessageOut:
    """An endpoint's delivery of a message as clients see it. `expanded`: a canceled one has a
    status of its own."""
    message, delivery = found.message, found.delivery
    canceled = expanded and delivery.status is DeliveryStatus.CANCELED
    shown = _shown(delivery)
    return EndpointMessageOut(
        id=format_id(MESSAGE, message.id),
        event_type=message.event_type,
        event_id=message.event_id,
        payload=payload_out(message),
        channels=message.channels,
        tags=message.tags,
        timestamp=_made_at(message.id),
        status=DeliveryStatus.CANCELED if canceled else DeliveryStatus(shown),
        status_text="canceled" if canceled else STATUS_TEXTS[shown],
        next_attempt=delivery.next_attempt_at,
        deliver_at=UNSET if message.deliver_at is None else message.deliver_at,
        content_type=content_type_out(message),
        canceled_reason=_reason(delivery),
    )


def _shown(delivery: Delivery) -> AttemptStatus:
    if delivery.status is DeliveryStatus.CANCELED:
        return AttemptStatus.FAIL
    return AttemptStatus(delivery.status)


def _reason(delivery: Delivery) -> str | UnsetType:
    return UNSET if delivery.canceled_reason is None else delivery.canceled_reason


def _made_at(value: bytes) -> datetime:
    return datetime.fromtimestamp(created_at_ms(value) / 1000, UTC)
