"""Schemas of a tenant's configuration as one document, which is exported and imported."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType, field

from angarium_gateway.domain.ingest.source_types import SourceType

from .applications import ApplicationName, ApplicationPatch
from .endpoints import EndpointPatch
from .event_types import EventTypeOut, EventTypePatch
from .fields import ApiSchema, EventTypeName, RequestSchema, ThrottleRate, Uid, Url
from .ingest import IngestSourceConfigIn, SourceName
from .operational_webhooks import OperationalEventTypes
from .streams import StreamName

EXPORTED_APPLICATIONS_MAX: Final = 250
PASSPHRASE_CHARS_MIN: Final = 12

Passphrase = Annotated[
    str,
    Meta(
        min_length=PASSPHRASE_CHARS_MIN,
        max_length=1024,
        description="Encrypts the secrets of endpoints and sources, and custom headers (scrypt,"
        " AES-256-GCM). The import needs the same passphrase. Angarium does not store it.",
    ),
]
ObjectId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[a-z]+_[a-zA-Z0-9]+$(?!\n)",
        description="The id on the platform that exported the object. An object without `uid` is"
        " found again by it: the import gives it the uid `imported.<id>`, unless the tenant has"
        " an object of this id.",
    ),
]
SealedText = Annotated[str, Meta(min_length=1, max_length=65536)]
SealedSecret = Annotated[SealedText, Meta(description="The signing secret, encrypted.")]
SealedHeaders = Annotated[SealedText, Meta(description="The custom headers, encrypted.")]
ReadOnly = Annotated[datetime, Meta(description="Ignored: an import sets its own times.")]
LeftOut = Annotated[
    list[str],
    Meta(
        description="Settings of the object that the document does not contain, such as"
        " `clientCertificate`. Set them again after an import, which ignores this list."
    ),
]

ExportIterator = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        description="`iterator` of an earlier export, to read what follows it.",
    ),
]
type EnvironmentKind = Literal[
    "eventType",
    "settings",
    "application",
    "endpoint",
    "source",
    "sourceEndpoint",
    "stream",
    "sink",
    "operationalEndpoint",
]
NoConnectors = Annotated[
    list[Any], Meta(max_length=0, description="Not supported: the list must be empty.")
]


class EnvironmentEndpoint(EndpointPatch, frozen=True, kw_only=True):
    """An endpoint. Fields that are left out stay as they are, or get their default values."""

    url: Url
    id: ObjectId | UnsetType = UNSET
    sealed_secret: SealedSecret | UnsetType = UNSET
    sealed_headers: SealedHeaders | UnsetType = UNSET
    left_out: LeftOut | UnsetType = UNSET


class EnvironmentOperationalEndpoint(RequestSchema, frozen=True, kw_only=True):
    """An operational webhook endpoint. Fields that are left out stay as they are, or get their
    default values."""

    url: Url
    uid: Uid | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET
    throttle_rate: ThrottleRate | UnsetType | None = UNSET
    event_types: OperationalEventTypes | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    id: ObjectId | UnsetType = UNSET
    sealed_secret: SealedSecret | UnsetType = UNSET
    sealed_headers: SealedHeaders | UnsetType = UNSET
    left_out: LeftOut | UnsetType = UNSET


class EnvironmentSource(RequestSchema, frozen=True, kw_only=True):
    """A source with its endpoints. Fields that are left out stay as they are, or get their default
    values. A source that an import creates has a URL of its own."""

    name: SourceName
    type: SourceType
    uid: Uid | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    config: Annotated[
        IngestSourceConfigIn | UnsetType,
        Meta(description="Members that are left out or `null` stay as they are."),
    ] = UNSET
    id: ObjectId | UnsetType = UNSET
    sealed_config: Annotated[
        SealedText | UnsetType, Meta(description="The whole configuration, encrypted.")
    ] = UNSET
    left_out: Annotated[
        list[str] | UnsetType,
        Meta(
            description="Members of `config` that the export left out. An import that would create"
            " the source without them is refused."
        ),
    ] = UNSET
    endpoints: list[EnvironmentEndpoint] = field(default_factory=list)


class EnvironmentStream(RequestSchema, frozen=True, kw_only=True):
    """A stream with its sinks, as the endpoints that they are. Fields that are left out stay as
    they are, or get their default values."""

    name: StreamName
    uid: Uid | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    id: ObjectId | UnsetType = UNSET
    endpoints: list[EnvironmentEndpoint] = field(default_factory=list)


class EnvironmentApplication(ApplicationPatch, frozen=True, kw_only=True):
    """An application with its endpoints. Fields that are left out stay as they are, or get their
    default values."""

    name: ApplicationName
    id: ObjectId | UnsetType = UNSET
    endpoints: list[EnvironmentEndpoint] = field(default_factory=list)


class EnvironmentEventType(EventTypePatch, frozen=True, kw_only=True):
    """An event type. Fields that are left out stay as they are, or get their default values."""

    name: EventTypeName
    description: str
    created_at: ReadOnly | UnsetType = UNSET
    updated_at: ReadOnly | UnsetType = UNSET


class EnvironmentSealing(RequestSchema, frozen=True, kw_only=True):
    """How the key that encrypts secrets is derived from the passphrase (scrypt, RFC 7914)."""

    salt: Annotated[str, Meta(description="16 random bytes in base64.", max_length=64)]
    kdf: Literal["scrypt"] = "scrypt"


class EnvironmentExportIn(RequestSchema, frozen=True, kw_only=True):
    """Options of an export. The body may be left out."""

    secrets_passphrase: Passphrase | None = None
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=EXPORTED_APPLICATIONS_MAX,
            description="The largest number of applications, sources and streams to return.",
        ),
    ] = EXPORTED_APPLICATIONS_MAX
    iterator: ExportIterator | None = None
    sealing: Annotated[
        EnvironmentSealing | None,
        Meta(
            description="`sealing` of an earlier export, so that its `secretsPassphrase` encrypts"
            " the secrets of both with the same key."
        ),
    ] = None


class EnvironmentOut(ApiSchema, frozen=True, kw_only=True):
    """A tenant's configuration."""

    version: int
    created_at: datetime
    event_types: list[EventTypeOut]
    settings: Annotated[dict[str, Any], Meta(description="The tenant policy.")]
    connectors: Annotated[list[Any], Meta(max_length=0, description="Always empty.")]
    applications: list[EnvironmentApplication]
    sources: list[EnvironmentSource]
    streams: list[EnvironmentStream]
    operational_endpoints: list[EnvironmentOperationalEndpoint]
    sealing: EnvironmentSealing | None
    iterator: str | None
    done: Annotated[
        bool,
        Meta(description="False if more applications, sources or streams follow `iterator`."),
    ]


class EnvironmentIn(RequestSchema, frozen=True, kw_only=True):
    """A configuration to import: the answer of an export, as it is or changed."""

    event_types: list[EnvironmentEventType] | None = None
    settings: Annotated[
        dict[str, Any] | None,
        Meta(description="Members of the tenant policy to set; those that are left out stay."),
    ] = None
    connectors: NoConnectors | None = None
    applications: list[EnvironmentApplication] | None = None
    sources: list[EnvironmentSource] | None = None
    streams: list[EnvironmentStream] | None = None
    operational_endpoints: list[EnvironmentOperationalEndpoint] | None = None
    secrets_passphrase: Passphrase | None = None
    sealing: EnvironmentSealing | None = None
    dry_run: Annotated[bool, Meta(description="Return what would change, and change nothing.")] = (
        False
    )
    version: Annotated[Literal[1] | UnsetType, Meta(description="The version of the document.")] = (
        UNSET
    )
    created_at: ReadOnly | UnsetType = UNSET
    iterator: Annotated[str | None, Meta(description="Ignored.")] = None
    done: Annotated[bool | UnsetType, Meta(description="Ignored.")] = UNSET


class EnvironmentChange(ApiSchema, frozen=True, kw_only=True):
    """One object of an import, and what the import did to it."""

    kind: EnvironmentKind
    name: Annotated[str, Meta(description="The event type's name, or the uid or id of the object.")]
    application: Annotated[
        str | UnsetType,
        Meta(description="The uid or id of the application, source or stream of the endpoint."),
    ] = UNSET
    action: Literal["create", "update", "none"]
    members: Annotated[list[str], Meta(description="The members that an update changes.")]


class EnvironmentImportOut(ApiSchema, frozen=True, kw_only=True):
    """The result of an import."""

    dry_run: bool
    changes: list[EnvironmentChange]
