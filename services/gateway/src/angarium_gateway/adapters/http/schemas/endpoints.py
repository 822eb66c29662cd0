"""Endpoints on the wire."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.configuration import Endpoint
from angarium_contracts.ids import ENDPOINT, format_id
from msgspec import UNSET, Meta, UnsetType, field

from .delivery_policy import (
    Concurrency,
    Ordering,
    RetrySchedule,
    delays_out,
)
from .endpoint_options import (
    Certificate,
    ClientCertificateOut,
    Headers,
    ProxyUrl,
    SignatureHeaders,
    TimeoutSeconds,
    certificate_out,
)
from .fields import (
    ApiSchema,
    Channel,
    EventTypeName,
    Secret,
    ThrottleRate,
    Uid,
    Url,
)

EventTypeNames = Annotated[
    list[EventTypeName],
    Meta(min_length=1, description="Only messages of these types; null or left out: all"),
]
Channels = Annotated[
    list[Channel],
    Meta(
        min_length=1,
        max_length=10,
        description="Only messages with one of these channels; null or left out: all",
    ),
]


class EndpointUpdate(ApiSchema, frozen=True, kw_only=True):
    """From `timeoutSeconds` on the members are Angarium's: left out, an existing endpoint keeps
    them."""

    url: Url
    uid: Uid | None = None
    description: str = ""
    disabled: bool = False
    throttle_rate: ThrottleRate | None = None
    event_types: EventTypeNames | None = None
    channels: Channels | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    timeout_seconds: TimeoutSeconds | UnsetType | None = UNSET
    signature_headers: SignatureHeaders | UnsetType = UNSET
    proxy_url: ProxyUrl | UnsetType | None = UNSET
    client_certificate: Certificate | UnsetType | None = UNSET
    ordering: Ordering | UnsetType = UNSET
    concurrency: Concurrency | UnsetType | None = UNSET
    retry_schedule: RetrySchedule | UnsetType | None = UNSET


class EndpointIn(EndpointUpdate, frozen=True, kw_only=True):
    secret: Secret | None = None
    headers: Headers | None = None


class EndpointPatch(ApiSchema, frozen=True, kw_only=True):
    url: Url | UnsetType = UNSET
    uid: Uid | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    throttle_rate: ThrottleRate | UnsetType | None = UNSET
    event_types: EventTypeNames | UnsetType | None = UNSET
    channels: Channels | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    timeout_seconds: TimeoutSeconds | UnsetType | None = UNSET
    signature_headers: SignatureHeaders | UnsetType = UNSET
    proxy_url: ProxyUrl | UnsetType | None = UNSET
    client_certificate: Certificate | UnsetType | None = UNSET
    ordering: Ordering | UnsetType = UNSET
    concurrency: Concurrency | UnsetType | None = UNSET
    retry_schedule: RetrySchedule | UnsetType | None = UNSET


class EndpointOut(ApiSchema, frozen=True, kw_only=True):
    id: str
    uid: str | None
    url: str
    description: str
    disabled: bool
    throttle_rate: int | None
    event_types: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    timeout_seconds: float | UnsetType = UNSET
    signature_headers: Annotated[
        str | UnsetType, Meta(description="Left out: `webhook`", examples=["both"])
    ] = UNSET
    proxy_url: Annotated[str | UnsetType, Meta(description="Without user name and password")] = (
        UNSET
    )
    client_certificate: ClientCertificateOut | UnsetType = UNSET
    disabled_reason: Annotated[
        str | UnsetType, Meta(description="Why Angarium disabled it by itself")
    ] = UNSET
    ordering: Annotated[Ordering | UnsetType, Meta(description="Left out: `none`")] = UNSET
    concurrency: int | UnsetType = UNSET
    retry_schedule: Annotated[
        tuple[float, ...] | UnsetType, Meta(description="Left out: inherited")
    ] = UNSET


def endpoint_out(endpoint: Endpoint) -> EndpointOut:
    """An endpoint as clients see it."""
    return EndpointOut(
        id=format_id(ENDPOINT, endpoint.id),
        uid=endpoint.uid,
        url=endpoint.url,
        description=endpoint.description,
        disabled=endpoint.disabled,
        throttle_rate=endpoint.throttle_rate,
        event_types=endpoint.event_types,
        channels=endpoint.channels,
        metadata=endpoint.metadata,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
        timeout_seconds=UNSET if endpoint.timeout_s is None else endpoint.timeout_s,
        signature_headers=UNSET if endpoint.header_names == "webhook" else endpoint.header_names,
        proxy_url=UNSET if endpoint.proxy_url is None else endpoint.proxy_url,
        client_certificate=certificate_out(endpoint.client_certificate),
        disabled_reason=UNSET if endpoint.disabled_reason is None else endpoint.disabled_reason,
        ordering="fifo" if endpoint.fifo else UNSET,
        concurrency=UNSET if endpoint.concurrency_max is None else endpoint.concurrency_max,
        retry_schedule=delays_out(endpoint.retry_delays_s),
    )
