"""Schemas of endpoints, and their conversions to and from the contracts."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from angarium_contracts.configuration import (
    CreateEndpoint,
    Endpoint,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.ids import ENDPOINT, format_id
from angarium_webhooks.endpoint_url import mask_credentials
from msgspec import UNSET, Meta, UnsetType, field

from .endpoint_options import EndpointOptionFields, EndpointOptionsOut, options_given, options_out
from .endpoint_secrets import Headers
from .fields import (
    DISTINCT,
    ApiSchema,
    Channel,
    EndpointFieldsOut,
    EventTypeName,
    Secret,
    ThrottleRate,
    Uid,
    Url,
)
from .former_names import FORMER_NAMES, EndpointVersion

EventTypeNames = Annotated[
    list[EventTypeName],
    Meta(
        min_length=1,
        extra_json_schema=DISTINCT,
        description="The event types to receive; `null` or left out means all.",
    ),
]
Channels = Annotated[
    list[Channel],
    Meta(
        min_length=1,
        max_length=10,
        extra_json_schema=DISTINCT,
        description="Receive only messages with one of these channels; `null` or left out means"
        " all.",
    ),
]


class EndpointUpdate(EndpointOptionFields, frozen=True):
    """An endpoint to replace an existing one with. Options from `timeoutSeconds` to
    `caCertificates` that are left out stay as they are."""

    url: Url
    uid: Uid | None = None
    description: str = ""
    disabled: bool = False
    throttle_rate: ThrottleRate | None = None
    event_types: EventTypeNames | None = None
    channels: Channels | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    version: EndpointVersion | None = None


class EndpointIn(EndpointUpdate, frozen=True, kw_only=True):
    """An endpoint to create."""

    secret: Secret | None = None
    headers: Headers | None = None


class EndpointPatch(EndpointOptionFields, frozen=True):
    """Changes of an endpoint; fields that are left out stay as they are."""

    url: Url | UnsetType = UNSET
    uid: Uid | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET
    throttle_rate: ThrottleRate | UnsetType | None = UNSET
    event_types: EventTypeNames | UnsetType | None = UNSET
    channels: Channels | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    version: EndpointVersion | None = None


class EndpointOut(EndpointOptionsOut, frozen=True):
    """An endpoint: a URL that receives an application's messages."""

    channels: tuple[str, ...] | None
    version: EndpointVersion = 1


_NEVER_NULL: Final = {"description", "disabled", "metadata"}
"""Fields in which an operational endpoint, as in the Svix API, takes null as left out."""
_CLEARED: Final[dict[str, Any]] = {"description": "", "metadata": {}}
"""The values that null in a patch sets, for fields that have no null of their own."""


def fields_given(
    data: ApiSchema,
    command: type[CreateEndpoint | UpdateEndpoint | PatchEndpoint],
    seal: Callable[[str], bytes],
) -> dict[str, Any]:
    """The fields of `command` that a request gives. `seal` seals text for the dispatcher."""
    names = [name for name in command.__struct_fields__ if name in data.__struct_fields__]
    values = {name: getattr(data, name) for name in names}
    if command is PatchEndpoint:
        values |= {name: null for name, null in _CLEARED.items() if values[name] is None}
    given = {
        name: value
        for name, value in values.items()
        if value is not UNSET and not (value is None and name in _NEVER_NULL)
    }
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    if isinstance(url := plain.get("url"), str):
        # Commands are not encrypted, and the dispatcher refuses a URL with a password anyway.
        plain["url"] = mask_credentials(url)
    return plain | options_given(data, seal)


def endpoint_out(endpoint: Endpoint) -> EndpointOut:
    """An ordinary endpoint as clients see it."""
    return EndpointOut(**fields_out(endpoint), channels=endpoint.channels, **options_out(endpoint))


def fields_out(endpoint: Endpoint) -> dict[str, Any]:
    """The fields of `EndpointFieldsOut`."""
    names = EndpointFieldsOut.__struct_fields__
    values = {name: getattr(endpoint, FORMER_NAMES.get(name, name)) for name in names}
    return values | {"id": format_id(ENDPOINT, endpoint.id)}
