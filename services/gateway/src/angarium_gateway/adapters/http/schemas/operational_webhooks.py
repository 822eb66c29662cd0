"""Schemas of operational endpoints, which receive the events of a tenant's own endpoints."""

from typing import Annotated

from angarium_contracts.configuration import Endpoint
from msgspec import Meta, field

from .endpoint_secrets import Headers
from .endpoints import fields_out
from .fields import (
    EndpointFieldsOut,
    EventTypeName,
    Secret,
    ThrottleRate,
    Uid,
    Url,
)
from .former_names import FormerEndpointNames

OperationalEventTypes = Annotated[
    list[EventTypeName],
    Meta(
        min_length=1,
        description="The events to receive; `null` or left out means all. There are"
        " `endpoint.created`,"
        " `endpoint.updated`, `endpoint.deleted`, `endpoint.disabled`,"
        " `message.attempt.exhausted`, `message.attempt.failing`, `message.attempt.recovered`.",
        examples=[["endpoint.disabled", "message.attempt.exhausted"]],
    ),
]


class OperationalWebhookEndpointUpdate(FormerEndpointNames, frozen=True, kw_only=True):
    """An operational webhook endpoint to replace an existing one with."""

    url: Url
    uid: Uid | None = None
    description: str | None = ""
    disabled: bool | None = False
    throttle_rate: ThrottleRate | None = None
    event_types: OperationalEventTypes | None = None
    metadata: dict[str, str] | None = field(default_factory=dict)


class OperationalWebhookEndpointIn(OperationalWebhookEndpointUpdate, frozen=True, kw_only=True):
    """An operational webhook endpoint to create."""

    secret: Secret | None = None
    headers: Headers | None = None


class OperationalWebhookEndpointOut(EndpointFieldsOut, frozen=True):
    """An endpoint that receives events about the tenant's endpoints."""


def operational_endpoint_out(endpoint: Endpoint) -> OperationalWebhookEndpointOut:
    """An operational endpoint as clients see it."""
    return OperationalWebhookEndpointOut(**fields_out(endpoint))
