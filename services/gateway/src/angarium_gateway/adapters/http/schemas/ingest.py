"""Sources and their endpoints on the wire."""

from datetime import datetime
from typing import Annotated, Any

from angarium_contracts.configuration import Application, Endpoint
from angarium_contracts.ids import SOURCE, format_id
from msgspec import Meta, field

from angarium_gateway.domain.ingest.source_types import SourceType

from .endpoint_secrets import Headers
from .endpoints import Channels, EventTypeNames, fields_out
from .fields import ApiSchema, RequestSchema, Secret, ThrottleRate, Uid, Url

HOUR_S = 3_600
EXPIRY_S_MAX = 7 * 24 * HOUR_S

SourceName = Annotated[
    str,
    Meta(min_length=1, description="A name for people to read.", examples=["GitHub, organisation"]),
]
SecretOfSender = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        description="The secret with which the sender signs, as the sender shows it. Never"
        " returned.",
    ),
]


class IngestSourceConfigIn(RequestSchema, frozen=True, kw_only=True):
    """How webhooks are verified. Which members there are depends on the type of the source."""

    secret: SecretOfSender | None = None
    verify_token: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=1024,
                description="The token with which the sender asks whether the URL is right, of the"
                " type `meta`. Never returned.",
            ),
        ]
        | None
    ) = None
    timestamp_grace_seconds: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=604_800,
                description="How many seconds a signed time may differ from the time of receipt, of"
                " the type `tailscale`; not checked if it is left out.",
            ),
        ]
        | None
    ) = None

    def __repr__(self) -> str:
        """Without the values, which are secret."""
        return "IngestSourceConfigIn()"


class IngestSourceIn(RequestSchema, frozen=True, kw_only=True):
    """A source to create, or to replace an existing one with."""

    name: SourceName
    uid: Uid | None = None
    metadata: dict[str, str] | None = None
    type: Annotated[
        SourceType,
        Meta(
            description="Who sends the webhooks, and so how they are verified. `generic-webhook`:"
            " anybody who has the URL."
        ),
    ]
    config: IngestSourceConfigIn = field(default_factory=IngestSourceConfigIn)


class IngestSourceConfigOut(ApiSchema, frozen=True, kw_only=True):
    """Always empty: everything in it is secret."""


class IngestSourceOut(ApiSchema, frozen=True, kw_only=True):
    """A source: a URL at which webhooks of another sender are received."""

    id: Annotated[
        str,
        Meta(
            description="In paths below `/api/v1/app/`, it stands for the application that the"
            " source is: `/api/v1/app/{source_id}/msg` lists what was received.",
            examples=["src_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ]
    uid: str | None
    name: str
    ingest_url: Annotated[
        str | None,
        Meta(
            description="Give this URL to the sender, and to nobody else: it ends in a token."
            " `null` for keys that may not change the source."
        ),
    ]
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, str]
    type: SourceType
    config: IngestSourceConfigOut

    def __repr__(self) -> str:
        return f"IngestSourceOut(id={self.id!r})"


class RotateTokenOut(ApiSchema, frozen=True, kw_only=True):
    """The new URL of a source."""

    ingest_url: str

    def __repr__(self) -> str:
        return "RotateTokenOut()"


class IngestSourceConsumerPortalAccessIn(RequestSchema, frozen=True, kw_only=True):
    """What a new portal token may do, and for how long."""

    expiry: (
        Annotated[
            int,
            Meta(
                ge=HOUR_S,
                le=EXPIRY_S_MAX,
                description="How long the token is valid, in seconds: from an hour to 7 days, which"
                " is the default.",
            ),
        ]
        | None
    ) = None
    read_only: Annotated[bool | None, Meta(description="The token may only view.")] = None


class IngestEndpointUpdate(RequestSchema, frozen=True, kw_only=True):
    """An endpoint of a source to replace an existing one with."""

    url: Url
    uid: Uid | None = None
    description: str | None = ""
    disabled: bool | None = False
    throttle_rate: ThrottleRate | None = None
    event_types: EventTypeNames | None = None
    channels: Channels | None = None
    metadata: dict[str, str] | None = field(default_factory=dict)


class IngestEndpointIn(IngestEndpointUpdate, frozen=True, kw_only=True):
    """An endpoint of a source to create."""

    secret: Secret | None = None
    headers: Headers | None = None


class IngestEndpointOut(ApiSchema, frozen=True, kw_only=True):
    """An endpoint of a source: a URL to which its webhooks are delivered, signed anew."""

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


def source_out(source: Application, ingest_url: str | None) -> IngestSourceOut:
    """A source as clients see it."""
    return IngestSourceOut(
        id=format_id(SOURCE, source.id),
        uid=source.uid,
        name=source.name,
        ingest_url=ingest_url,
        created_at=source.created_at,
        updated_at=source.updated_at,
        metadata=source.metadata,
        type=SourceType(source.source_type or SourceType.GENERIC),
        config=IngestSourceConfigOut(),
    )


def ingest_endpoint_out(endpoint: Endpoint) -> IngestEndpointOut:
    """An endpoint of a source as clients see it."""
    fields: dict[str, Any] = fields_out(endpoint)
    names = IngestEndpointOut.__struct_fields__
    return IngestEndpointOut(**{name: fields[name] for name in names})
