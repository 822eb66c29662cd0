"""Endpoints that get their messages in order or are polled, as the Svix API names them:
destinations of applications, and sinks of streams.

The two differ in the words for their types only.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from angarium_contracts.configuration import Endpoint
from angarium_contracts.ids import ENDPOINT, format_id
from angarium_contracts.polling import POLL_URL
from msgspec import UNSET, Meta, UnsetType, field

from .endpoint_secrets import EndpointHeadersOut, Headers
from .endpoints import EndpointIn, EndpointPatch, EndpointUpdate
from .fields import DISTINCT, ApiSchema, Channel, EventTypeName, RequestSchema, Secret, Uid, Url

SinkStatus = Annotated[
    Literal["enabled", "disabled"],
    Meta(
        description="While it is `disabled`, messages are kept for it, and delivered when it is"
        " enabled again."
    ),
]
BatchSize = Annotated[
    Literal[1], Meta(description="Always 1: every message is delivered in a request of its own.")
]
MaxWaitSecs = Annotated[
    Literal[0], Meta(description="Always 0: no message waits for others to be sent with it.")
]
SinkEventTypes = Annotated[
    list[EventTypeName],
    Meta(
        extra_json_schema=DISTINCT,
        description="The event types to receive; an empty list, `null` or left out means all.",
    ),
]
SinkChannels = Annotated[
    list[Channel],
    Meta(
        max_length=10,
        extra_json_schema=DISTINCT,
        description="Receive only messages with one of these channels; an empty list, `null` or"
        " left out means all.",
    ),
]


class SinkConfigIn(RequestSchema, frozen=True, kw_only=True):
    """Where messages are sent. Empty for those that are polled."""

    url: Url | None = None
    headers: Headers | None = None
    key: Secret | None = None


class SinkConfigPatch(RequestSchema, frozen=True, kw_only=True):
    """A change of where messages are sent."""

    url: Url | None = None


class SinkFieldsIn(RequestSchema, frozen=True, kw_only=True):
    """Members of requests for a whole destination or sink, without its type."""

    uid: Uid | None = None
    status: SinkStatus | None = None
    batch_size: BatchSize | None = None
    max_wait_secs: MaxWaitSecs | None = None
    event_types: SinkEventTypes | None = None
    channels: SinkChannels | None = None
    metadata: dict[str, str] | None = None
    config: SinkConfigIn = field(default_factory=SinkConfigIn)


class SinkFieldsPatch(RequestSchema, frozen=True, kw_only=True):
    """Members of changes of a destination or sink, without its type. What is left out stays as it
    is."""

    uid: Uid | UnsetType | None = UNSET
    status: SinkStatus | None = None
    batch_size: BatchSize | None = None
    max_wait_secs: MaxWaitSecs | None = None
    event_types: SinkEventTypes | UnsetType | None = UNSET
    channels: SinkChannels | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    config: SinkConfigPatch = field(default_factory=SinkConfigPatch)


class SinkConfigOut(ApiSchema, frozen=True, kw_only=True):
    """Where messages are sent. Empty for those that are polled."""

    url: str | UnsetType = UNSET
    headers: EndpointHeadersOut | UnsetType = UNSET


class SinkFieldsOut(ApiSchema, frozen=True, kw_only=True):
    """Members of answers about a destination or sink, without its type."""

    id: Annotated[str, Meta(description="The id of the endpoint that it is.")]
    uid: str | None
    status: Literal["enabled", "disabled"]
    current_iterator: Annotated[
        str,
        Meta(
            description="Always empty: each delivery has a state of its own, which the operations"
            " of endpoints and attempts return."
        ),
    ]
    failure_reason: Annotated[
        str | None, Meta(description="Why Angarium disabled it; `null` if it did not.")
    ]
    created_at: datetime
    updated_at: datetime
    batch_size: BatchSize
    max_wait_secs: MaxWaitSecs
    event_types: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    next_retry_at: Annotated[
        datetime | None,
        Meta(description="Always `null`: read the next attempt of each delivery instead."),
    ] = None
    metadata: dict[str, str]
    config: SinkConfigOut


def is_polled(endpoint: Endpoint) -> bool:
    """True if the endpoint's messages are polled."""
    return endpoint.url == POLL_URL


def is_sink(endpoint: Endpoint) -> bool:
    """True if the endpoint gets its messages in order or is polled."""
    return endpoint.fifo or is_polled(endpoint)


def new_endpoint(data: SinkFieldsIn, url: str, uid: str | None) -> EndpointIn:
    """The endpoint to create. Its messages come in order, and are kept while it is disabled."""
    return EndpointIn(
        url=url,
        uid=uid,
        disabled=data.status == "disabled",
        event_types=data.event_types or None,
        channels=data.channels or None,
        metadata=data.metadata or {},
        ordering="fifo",
        while_disabled="keep",
        secret=data.config.key,
        headers=data.config.headers,
    )


def replaced_endpoint(data: SinkFieldsIn, url: str, found: Endpoint) -> EndpointUpdate:
    """What replaces an existing endpoint; what the request cannot name stays as it is."""
    return EndpointUpdate(
        url=url,
        uid=data.uid,
        description=found.description,
        disabled=data.status == "disabled",
        throttle_rate=found.throttle_rate,
        event_types=data.event_types or None,
        channels=data.channels or None,
        metadata=data.metadata or {},
    )


def changed_endpoint(data: SinkFieldsPatch) -> EndpointPatch:
    """The changes of an existing endpoint."""
    return EndpointPatch(
        url=UNSET if data.config.url is None else data.config.url,
        uid=data.uid,
        disabled=UNSET if data.status is None else data.status == "disabled",
        event_types=_or_all(data.event_types),
        channels=_or_all(data.channels),
        metadata=data.metadata,
    )


def fields_of_sink(endpoint: Endpoint, headers: EndpointHeadersOut) -> dict[str, Any]:
    """The fields of `SinkFieldsOut` for an endpoint with these headers."""
    polled = is_polled(endpoint)
    return {
        "id": format_id(ENDPOINT, endpoint.id),
        "uid": endpoint.uid,
        "status": "disabled" if endpoint.disabled else "enabled",
        "current_iterator": "",
        "failure_reason": endpoint.disabled_reason,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
        "batch_size": 1,
        "max_wait_secs": 0,
        "event_types": endpoint.event_types,
        "channels": endpoint.channels,
        "metadata": endpoint.metadata,
        "config": SinkConfigOut() if polled else SinkConfigOut(url=endpoint.url, headers=headers),
    }


def _or_all(names: list[str] | UnsetType | None) -> list[str] | UnsetType | None:
    return None if names == [] else names
