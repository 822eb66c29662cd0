"""Operational endpoints on the wire: a tenant's own, told of what happens to its endpoints."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.configuration import Endpoint
from angarium_contracts.ids import ENDPOINT, format_id
from msgspec import Meta, field

from .endpoint_options import Headers
from .fields import (
    ApiSchema,
    EventTypeName,
    Secret,
    ThrottleRate,
    Uid,
    Url,
)

OperationalEventTypes = Annotated[
    list[EventTypeName],
    Meta(
        min_length=1,
        description="Only these; null or left out: all. There are `endpoint.created`,"
        " `endpoint.updated`, `endpoint.deleted`, `endpoint.disabled`,"
        " `message.attempt.exhausted`, `message.attempt.failing`, `message.attempt.recovered`",
        examples=[["endpoint.disabled", "message.attempt.exhausted"]],
    ),
]


class OperationalWebhookEndpointUpdate(ApiSchema, frozen=True, kw_only=True):
    url: Url
    uid: Uid | None = None
    description: str | None = ""
    disabled: bool | None = False
    throttle_rate: ThrottleRate | None = None
    event_types: OperationalEventTypes | None = None
    metadata: dict[str, str] | None = field(default_factory=dict)


class OperationalWebhookEndpointIn(OperationalWebhookEndpointUpdate, frozen=True, kw_only=True):
    secret: Secret | None = None
    headers: Headers | None = None


class OperationalWebhookEndpointOut(ApiSchema, frozen=True, kw_only=True):
    id: str
    uid: str | None
    url: str
    description: str
    disabled: bool
    throttle_rate: int | None
    event_types: tuple[str, ...] | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


def operational_endpoint_out(endpoint: Endpoint) -> OperationalWebhookEndpointOut:
    """An operational endpoint as clients see it."""
    return OperationalWebhookEndpointOut(
        id=format_id(ENDPOINT, endpoint.id),
        uid=endpoint.uid,
        url=endpoint.url,
        description=endpoint.description,
        disabled=endpoint.disabled,
        throttle_rate=endpoint.throttle_rate,
        event_types=endpoint.event_types,
        metadata=endpoint.metadata,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )
