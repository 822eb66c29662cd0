"""Commands and queries that the dispatcher answers: applications, endpoints, event types.

Every one names the tenant; an object of another tenant is not found. `ref` is an id or a
uid, as the caller wrote it. In a patch `UNSET` leaves a member alone and None clears it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import UNSET, UnsetType, field

from .application_kinds import ApplicationKind
from .contract import Contract, Part
from .directory import ApplicationState, EndpointState
from .endpoint_options import EndpointOptionChanges, EndpointOptions
from .operational import OperationalEvent
from .queries import Page

ANY_VERSION: Final = "*"
"""In a precondition: any version that there is."""
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Precondition(Part, frozen=True):
    """When a command may be carried out: the object has one of the versions `if_match`, and none of
    `if_none_match`. None makes no condition. The commands that have one are refused with
    `PRECONDITION_FAILED`."""

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None


def version_of(updated_at: datetime) -> str:
    """The version of an application, endpoint or event type that was saved at this time."""
    return f"{(updated_at - _UNIX_EPOCH) // timedelta(microseconds=1):x}"


class Application(Part, frozen=True):
    """An application, in full. `weight`: its share (1 to 1,000) where turns are taken. `kind` is an
    `ApplicationKind`. Of a source, its type, and the token that its URL ends in, sealed
    (associated data: the application's id)."""

    id: bytes
    uid: str | None
    name: str
    throttle_rate: int | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    weight: int = 1
    kind: str = ApplicationKind.APPLICATION
    source_type: str | None = None
    sealed_ingest_token: bytes | None = None


class SourceGiven(Part, frozen=True):
    """The fields of a source besides those of an application. `sealed_config` and `sealed_token`
    are sealed by the gateway for transit (associated data: the tenant's id): a JSON object, and the
    token that its URL ends in. `token_hash` is the SHA-256 of the token in hexadecimal digits. A
    source that exists keeps its token."""

    type: str
    sealed_config: bytes
    sealed_token: bytes
    token_hash: str


class ApplicationSaved(Contract, frozen=True, tag="application.saved/1"):
    """The application after a read or write. `state` goes into the gateway's copy before the
    client is answered. `created`: it did not exist before. `before`: how the write found it."""

    application: Application
    state: ApplicationState
    created: bool = False
    before: Application | None = None


class CreateApplication(Contract, frozen=True, tag="application.create/1"):
    """With `get_if_exists` an application with this uid is answered as it is. `applications_max`:
    the quota of the tenant. `source` goes with the kind `source`, and with no other."""

    tenant_id: bytes
    name: str
    uid: str | None = None
    throttle_rate: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    get_if_exists: bool = False
    weight: int = 1
    applications_max: int | None = None
    kind: str = ApplicationKind.APPLICATION
    source: SourceGiven | None = None


class GetApplication(Contract, frozen=True, tag="application.get/1"):
    """An application of this kind. With `of_any_kind`, `ref` is an id of any, or the uid of an
    ordinary one."""

    tenant_id: bytes
    ref: str
    kind: str = ApplicationKind.APPLICATION
    of_any_kind: bool = False


class ListApplications(Contract, frozen=True, tag="application.list/1"):
    """`without_*` leaves out applications: those that have no endpoint, only disabled ones, or
    only ones of Svix Play. `search`: only those with this text in their name, whatever its letter
    case, with a uid that begins with it, or with this id. `metadata`: only those whose metadata has
    this member, a key and a value."""

    tenant_id: bytes
    page: Page
    without_no_endpoints: bool = False
    without_disabled: bool = False
    without_svix_play: bool = False
    kind: str = ApplicationKind.APPLICATION
    search: str | None = None
    metadata: tuple[str, str] | None = None


class Applications(Contract, frozen=True, tag="application.list_of/1"):
    """A page. Iterators are opaque; `done`: nothing follows."""

    items: tuple[Application, ...]
    done: bool
    iterator: str | None = None
    prev_iterator: str | None = None


class UpdateApplication(Contract, frozen=True, tag="application.update/1"):
    """Replace; an unknown `ref` is created when it is a uid (the body's uid, if given, must
    not contradict it). `applications_max`: the quota of the tenant. `source` as in
    `CreateApplication`."""

    tenant_id: bytes
    ref: str
    name: str
    uid: str | None = None
    throttle_rate: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    weight: int | UnsetType = UNSET
    precondition: Precondition | None = None
    applications_max: int | None = None
    kind: str = ApplicationKind.APPLICATION
    source: SourceGiven | None = None


class PatchApplication(Contract, frozen=True, tag="application.patch/1"):
    tenant_id: bytes
    ref: str
    name: str | UnsetType = UNSET
    uid: str | UnsetType | None = UNSET
    throttle_rate: int | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    precondition: Precondition | None = None
    kind: str = ApplicationKind.APPLICATION


class RotateIngestToken(Contract, frozen=True, tag="application.rotate_ingest_token/1"):
    """Give a source another token, sealed and hashed as in `SourceGiven`. Those before stay valid
    for 48 hours; refused with `CONFLICT` while three of them are. Answered by
    `ApplicationSaved`."""

    tenant_id: bytes
    ref: str
    sealed_token: bytes
    token_hash: str


class DeleteApplication(Contract, frozen=True, tag="application.delete/1"):
    """Deletes its endpoints too. Answered by `ApplicationDeleted`."""

    tenant_id: bytes
    ref: str
    precondition: Precondition | None = None
    kind: str = ApplicationKind.APPLICATION


class ApplicationDeleted(Contract, frozen=True, tag="application.deleted/1"):
    """`before`: the application as it was."""

    state: ApplicationState
    before: Application | None = None


class ClientCertificate(Part, frozen=True):
    """The public facts of an endpoint's client certificate."""

    subject: str
    expires_at: datetime


class ShownAuthentication(Part, frozen=True):
    """An endpoint's authentication without its secrets. `type`: "basic" | "bearer" | "oauth2"."""

    type: str
    username: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    scope: str | None = None
    audience: str | None = None
    auth_style: str | None = None


class Endpoint(EndpointOptions, frozen=True):
    """An endpoint, in full, without its secrets and, unless a list asks for them, its headers.

    `timeout_s` None is the worker's default; `header_names` is as in `EndpointState`. `proxy_url`
    is without user name and password. `disabled_reason`: why Angarium disabled the endpoint.
    `filter`: a CEL expression that is true for the messages that the endpoint accepts.
    `ca_certificates`: the subjects and ends of those that its server's certificate is checked
    against; None: the system's. `sealed_headers` is as in `EndpointHeaders`.
    """

    id: bytes
    application_id: bytes
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
    timeout_s: float | None = None
    header_names: str = "webhook"
    proxy_url: str | None = None
    client_certificate: ClientCertificate | None = None
    disabled_reason: str | None = None
    filter: str | None = None
    authentication: ShownAuthentication | None = None
    ca_certificates: tuple[ClientCertificate, ...] | None = None
    sealed_headers: bytes | None = None


class EndpointSaved(Contract, frozen=True, tag="endpoint.saved/1"):
    """The endpoint after a read or write, with the application's state after it. `before`: how the
    write found it. `resumed`: it was enabled, and messages were kept for it; the dispatcher posts
    the event as well."""

    endpoint: Endpoint
    state: EndpointState
    application: ApplicationState
    created: bool = False
    before: Endpoint | None = None
    resumed: OperationalEvent | None = None


class CreateEndpoint(EndpointOptionChanges, Contract, frozen=True, tag="endpoint.create/1"):
    """`sealed_secret` and `sealed_headers` are sealed by the gateway for transit (associated data:
    the tenant's id): the secret in its text form (`whsec_…` or `whsk_…`; None: generate one),
    and custom headers as a JSON object of strings. `tenant_endpoints_max`: the quota of the
    tenant, over all its applications."""

    tenant_id: bytes
    application_ref: str
    url: str
    uid: str | None = None
    description: str = ""
    disabled: bool = False
    throttle_rate: int | None = None
    event_types: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    sealed_secret: bytes | None = None
    sealed_headers: bytes | None = None
    tenant_endpoints_max: int | None = None


class GetEndpoint(Contract, frozen=True, tag="endpoint.get/1"):
    tenant_id: bytes
    application_ref: str
    ref: str


class ListEndpoints(Contract, frozen=True, tag="endpoint.list/1"):
    """`only_sinks`: those that get their messages in order, and those that are polled.
    `with_headers`: the answer has their custom headers. `metadata` as in `ListApplications`."""

    tenant_id: bytes
    application_ref: str
    page: Page
    only_sinks: bool = False
    with_headers: bool = False
    metadata: tuple[str, str] | None = None


class Endpoints(Contract, frozen=True, tag="endpoint.list_of/1"):
    items: tuple[Endpoint, ...]
    done: bool
    iterator: str | None = None
    prev_iterator: str | None = None


class UpdateEndpoint(EndpointOptionChanges, Contract, frozen=True, tag="endpoint.update/1"):
    """Replace; an unknown `ref` is created when it is a uid.

    Options that are UNSET stay as they are, because a Svix SDK cannot name them.
    `tenant_endpoints_max`: the quota of the tenant, over all its applications.
    """

    tenant_id: bytes
    application_ref: str
    ref: str
    url: str
    uid: str | None = None
    description: str = ""
    disabled: bool = False
    throttle_rate: int | None = None
    event_types: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    precondition: Precondition | None = None
    tenant_endpoints_max: int | None = None


class PatchEndpoint(EndpointOptionChanges, Contract, frozen=True, tag="endpoint.patch/1"):
    tenant_id: bytes
    application_ref: str
    ref: str
    url: str | UnsetType = UNSET
    uid: str | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    throttle_rate: int | UnsetType | None = UNSET
    event_types: tuple[str, ...] | UnsetType | None = UNSET
    channels: tuple[str, ...] | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    precondition: Precondition | None = None


class DeleteEndpoint(Contract, frozen=True, tag="endpoint.delete/1"):
    """Answered by `EndpointDeleted`."""

    tenant_id: bytes
    application_ref: str
    ref: str
    precondition: Precondition | None = None


class EndpointDeleted(Contract, frozen=True, tag="endpoint.deleted/1"):
    """`before`: the endpoint as it was."""

    application: ApplicationState
    before: Endpoint | None = None


class GetEndpointSecret(Contract, frozen=True, tag="endpoint.secret/1"):
    tenant_id: bytes
    application_ref: str
    ref: str


class EndpointSecret(Contract, frozen=True, tag="endpoint.secret_of/1"):
    """The key that verifies the webhooks signed now, sealed for transit (associated data: the
    endpoint's id): the newest secret, or where that is a private key, its public key."""

    endpoint_id: bytes
    sealed_secret: bytes


class EventType(Part, frozen=True):
    """An event type. `schemas` is a JSON object text: version to JSON schema. `feature_flag` is
    the first of `feature_flags`. `retry_delays_s`: the retry schedule of its messages."""

    name: str
    description: str
    archived: bool
    deprecated: bool
    feature_flag: str | None
    schemas: bytes | None
    created_at: datetime
    updated_at: datetime
    retry_delays_s: tuple[float, ...] | None = None
    feature_flags: tuple[str, ...] | None = None
    group_name: str | None = None


class EventTypeSaved(Contract, frozen=True, tag="event_type.saved/1"):
    """`before`: the event type as the write found it."""

    event_type: EventType
    created: bool = False
    before: EventType | None = None


class CreateEventType(Contract, frozen=True, tag="event_type.create/1"):
    """An archived type of this name comes back; an existing one is a conflict. `feature_flags`:
    UNSET stands for `feature_flag`, here and below."""

    tenant_id: bytes
    name: str
    description: str
    archived: bool = False
    deprecated: bool = False
    feature_flag: str | None = None
    schemas: bytes | None = None
    retry_delays_s: tuple[float, ...] | None = None
    feature_flags: tuple[str, ...] | UnsetType | None = UNSET
    group_name: str | None = None


class GetEventType(Contract, frozen=True, tag="event_type.get/1"):
    tenant_id: bytes
    name: str


class ListEventTypes(Contract, frozen=True, tag="event_type.list/1"):
    """With `feature_flags`, of the event types that have some, those that share one; None: all."""

    tenant_id: bytes
    page: Page
    include_archived: bool = False
    with_content: bool = False
    feature_flags: tuple[str, ...] | None = None


class EventTypes(Contract, frozen=True, tag="event_type.list_of/1"):
    items: tuple[EventType, ...]
    done: bool
    iterator: str | None = None
    prev_iterator: str | None = None


class UpdateEventType(Contract, frozen=True, tag="event_type.update/1"):
    """Replace, or create."""

    tenant_id: bytes
    name: str
    description: str
    archived: bool = False
    deprecated: bool = False
    feature_flag: str | None = None
    schemas: bytes | None = None
    retry_delays_s: tuple[float, ...] | UnsetType | None = UNSET
    feature_flags: tuple[str, ...] | UnsetType | None = UNSET
    group_name: str | None = None
    precondition: Precondition | None = None


class PatchEventType(Contract, frozen=True, tag="event_type.patch/1"):
    tenant_id: bytes
    name: str
    description: str | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    deprecated: bool | UnsetType = UNSET
    feature_flag: str | UnsetType | None = UNSET
    schemas: bytes | UnsetType | None = UNSET
    retry_delays_s: tuple[float, ...] | UnsetType | None = UNSET
    feature_flags: tuple[str, ...] | UnsetType | None = UNSET
    group_name: str | UnsetType | None = UNSET
    precondition: Precondition | None = None


class DeleteEventType(Contract, frozen=True, tag="event_type.delete/1"):
    """Archives; with `expunge` it is gone. Answered by `Done`."""

    tenant_id: bytes
    name: str
    expunge: bool = False
    precondition: Precondition | None = None


class GetEventTypeSchema(Contract, frozen=True, tag="event_type.get_schema/1"):
    """Answered by `EventTypeSchema`, also for an event type that does not exist."""

    tenant_id: bytes
    name: str


class EventTypeSchema(Contract, frozen=True, tag="event_type.schema/1"):
    """The schema that payloads of an event type are checked against: the newest of its `schemas`,
    as JSON text, and its version. None: it has none, is archived, or does not exist."""

    schema: bytes | None = None
    schema_version: str | None = None
