"""Endpoint options that Angarium adds to the Svix API.

An option is declared here once for requests (`EndpointOptionFields`) and once for answers
(`EndpointOptionsOut`); every schema of endpoints inherits them, and `options_given` and
`options_out` convert them by name. An answer leaves out an option that has its default, so that
a client that knows only Svix's schemas sees exactly these.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from angarium_contracts.api_names import api_name
from angarium_contracts.configuration import ClientCertificate, Endpoint, ShownAuthentication
from angarium_contracts.endpoint_options import EndpointOptionChanges
from msgspec import UNSET, Meta, UnsetType

from .delivery_policy import Concurrency, Ordering, RetrySchedule
from .endpoint_authentication import (
    CaCertificates,
    ContentType,
    EndpointAuthenticationIn,
    EndpointAuthenticationOut,
    EventSource,
    Handshake,
    PayloadFormat,
    authentication_out,
    authentication_text,
)
from .fields import ApiSchema, EndpointFieldsOut
from .former_names import FormerEndpointNames

SignatureHeaders = Annotated[
    Literal["webhook", "svix", "both"],
    Meta(
        description="The names of the signature headers: `webhook-…` as in Standard Webhooks (the"
        " default), `svix-…`, or both."
    ),
]
TimeoutSeconds = Annotated[
    int,
    Meta(
        ge=1,
        le=30,
        description="The largest duration of an attempt in seconds; `null` means the platform's"
        " own, 15 by default.",
    ),
]
ProxyUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        examples=["socks5://user:password@proxy.example.com:1080"],
        description="Send through this proxy: `http://` (HTTP CONNECT) or `socks5://`. User name"
        " and password are never returned.",
    ),
]
Certificate = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32768,
        description="A client certificate for mutual TLS, in PEM: the certificate, its issuers, and"
        " its unencrypted private key, which is never returned.",
    ),
]

Filter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2000,
        examples=['eventType == "invoice.paid" && payload.amount > 1000'],
        description="A CEL expression that is true for the messages that the endpoint gets, over"
        " `eventType`, `channels`, `tags`, `payload` and the application's `metadata`. `null`:"
        " every message that `eventTypes` and `channels` let through.",
    ),
]

ReceiverControl = Annotated[
    bool,
    Meta(
        description="Lets the endpoint's answers disable it or end the retries of a message, by the"
        " header `webhook-delivery`. `true` by default; `410 Gone` disables it in any case."
    ),
]
WhileDisabled = Annotated[
    Literal["drop", "keep"],
    Meta(
        description="`keep` delivers the messages of the time in which the endpoint was disabled"
        " once it is enabled again. `drop`, the default, does not."
    ),
]


class EndpointOptionFields(FormerEndpointNames, frozen=True, kw_only=True):
    """Options in requests. Left out, an existing endpoint keeps them."""

    timeout_seconds: TimeoutSeconds | UnsetType | None = UNSET
    signature_headers: SignatureHeaders | UnsetType = UNSET
    proxy_url: ProxyUrl | UnsetType | None = UNSET
    client_certificate: Certificate | UnsetType | None = UNSET
    ordering: Ordering | UnsetType = UNSET
    concurrency: Concurrency | UnsetType | None = UNSET
    retry_schedule: RetrySchedule | UnsetType | None = UNSET
    filter: Filter | UnsetType | None = UNSET
    payload_format: PayloadFormat | UnsetType = UNSET
    content_type: ContentType | UnsetType | None = UNSET
    event_source: EventSource | UnsetType | None = UNSET
    handshake: Handshake | UnsetType = UNSET
    authentication: EndpointAuthenticationIn | UnsetType | None = UNSET
    ca_certificates: CaCertificates | UnsetType | None = UNSET
    receiver_control: ReceiverControl | UnsetType = UNSET
    while_disabled: WhileDisabled | UnsetType = UNSET


class ClientCertificateOut(ApiSchema, frozen=True, kw_only=True):
    """The public parts of a certificate."""

    subject: str
    expires_at: datetime


class EndpointOptionsOut(EndpointFieldsOut, frozen=True, kw_only=True):
    """Options in answers."""

    timeout_seconds: float | UnsetType = UNSET
    signature_headers: Annotated[
        str | UnsetType, Meta(description="Absent if it is `webhook`.", examples=["both"])
    ] = UNSET
    proxy_url: Annotated[str | UnsetType, Meta(description="Without user name and password.")] = (
        UNSET
    )
    client_certificate: ClientCertificateOut | UnsetType = UNSET
    disabled_reason: Annotated[
        str | UnsetType,
        Meta(description="Why Angarium disabled the endpoint; absent if it did not."),
    ] = UNSET
    ordering: Annotated[Ordering | UnsetType, Meta(description="Absent if it is `none`.")] = UNSET
    concurrency: int | UnsetType = UNSET
    retry_schedule: Annotated[
        tuple[float, ...] | UnsetType,
        Meta(description="Seconds before each retry; absent if inherited."),
    ] = UNSET
    filter: Annotated[str | UnsetType, Meta(description="Absent if there is none.")] = UNSET
    payload_format: Annotated[
        PayloadFormat | UnsetType, Meta(description="Absent if it is `plain`.")
    ] = UNSET
    content_type: str | UnsetType = UNSET
    event_source: str | UnsetType = UNSET
    handshake: Annotated[bool | UnsetType, Meta(description="Absent if it is `false`.")] = UNSET
    authentication: EndpointAuthenticationOut | UnsetType = UNSET
    ca_certificates: tuple[ClientCertificateOut, ...] | UnsetType = UNSET
    receiver_control: Annotated[bool | UnsetType, Meta(description="Absent if it is `true`.")] = (
        UNSET
    )
    while_disabled: Annotated[
        WhileDisabled | UnsetType, Meta(description="Absent if it is `drop`.")
    ] = UNSET


def _paired(schema: type[ApiSchema], contract: type[msgspec.Struct]) -> dict[str, str]:
    """The options of `schema` by their names in `contract`: those with the same API name."""
    options = {field.encode_name: field.name for field in msgspec.structs.fields(schema)}
    names = {name: api_name(name) for name in contract.__struct_fields__}
    return {name: options[named] for name, named in names.items() if named in options}


_GIVEN: Final = _paired(EndpointOptionFields, EndpointOptionChanges)
_SHOWN: Final = {
    name: field
    for name, field in _paired(EndpointOptionsOut, Endpoint).items()
    if field not in EndpointFieldsOut.__struct_fields__
}
_CHOICES: Final = {"fifo": ("none", "fifo"), "keep_while_disabled": ("drop", "keep")}
"""The words of the API for options that are False or True."""
_DEFAULTS: Final = {field.name: field.default for field in msgspec.structs.fields(Endpoint)}


def options_given(data: ApiSchema, seal: Callable[[str], bytes]) -> dict[str, Any]:
    """The options that a request gives, as `EndpointOptionChanges` names them. `seal` seals text
    for the dispatcher. Requests without options give none."""
    values = {name: getattr(data, field, UNSET) for name, field in _GIVEN.items()}
    return {name: _given(name, value, seal) for name, value in values.items() if value is not UNSET}


def _given(name: str, value: Any, seal: Callable[[str], bytes]) -> Any:
    if value is not None and name.startswith("sealed_"):
        is_text = isinstance(value, str)
        return seal(value if is_text else authentication_text(value))
    if name in _CHOICES:
        return value == _CHOICES[name][1]
    return tuple(value) if isinstance(value, list) else value


def options_out(endpoint: Endpoint) -> dict[str, Any]:
    """The options of an endpoint that differ from their defaults, as `EndpointOptionsOut` names
    them."""
    values = {name: getattr(endpoint, name) for name in _SHOWN}
    return {
        _SHOWN[name]: _shown(name, value)
        for name, value in values.items()
        if value != _DEFAULTS[name]
    }


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, ClientCertificate):
        return ClientCertificateOut(subject=value.subject, expires_at=value.expires_at)
    if isinstance(value, ShownAuthentication):
        return authentication_out(value)
    if name == "ca_certificates":
        return tuple([_shown("", each) for each in value])
    return _CHOICES[name][value] if name in _CHOICES else value
