"""The directory: which applications and endpoints exist, as copied by gateway and worker.

The dispatcher gives every change the next directory version, in the order of commits. A
reader that sees `previous_version` ahead of what it has missed something, and asks
`DirectorySince`. An entry without items is a heartbeat of the current version.
"""

from .contract import Contract, Part
from .endpoint_options import EndpointOptions


class ApplicationState(Part, frozen=True):
    """An application as the gateway needs it. `deleted` is a tombstone. `kind` is an
    `ApplicationKind`.

    Of a source: its type, its configuration (JSON, sealed with the application's id as associated
    data), and its tokens: the SHA-256 of each in hexadecimal digits, newest first, and the Unix
    time in seconds at which it ends (0: never).
    """

    id: bytes
    tenant_id: bytes
    version: int
    uid: str | None = None
    deleted: bool = False
    kind: str = "application"
    source_type: str | None = None
    sealed_source_config: bytes | None = None
    ingest_tokens: tuple[tuple[str, float], ...] = ()


class EndpointState(EndpointOptions, frozen=True):
    """An endpoint as the worker needs it.

    `secrets` and `headers` are sealed (AES-256-GCM under the operator's encryption key, the
    endpoint's id as associated data): the secrets that sign now, newest first, and a JSON
    object of custom headers. `throttle_rate` is messages per second.

    `secrets_expire_at` goes with `secrets` (Unix time in seconds; 0: does not expire), empty
    when none expires. `timeout_s` is 1 to 30 for a whole attempt, None the worker's own.
    `header_names`: "webhook" | "svix" | "both". `proxy` (a URL) and `client_certificate` (PEM:
    the chain, then its private key) are sealed as the secrets are, and so are `authentication`
    (the JSON of an `EndpointAuthentication`) and `ca_certificates` (PEM).
    """

    id: bytes
    tenant_id: bytes
    application_id: bytes
    version: int
    url: str = ""
    secrets: tuple[bytes, ...] = ()
    headers: bytes | None = None
    throttle_rate: int | None = None
    disabled: bool = False
    deleted: bool = False
    secrets_expire_at: tuple[float, ...] = ()
    timeout_s: float | None = None
    header_names: str = "webhook"
    proxy: bytes | None = None
    client_certificate: bytes | None = None
    authentication: bytes | None = None
    ca_certificates: bytes | None = None


class DirectoryChanged(Contract, frozen=True, tag="directory.changed/1"):
    """The changes from `previous_version` (exclusive) to `version` (inclusive).

    `policy_version` counts changes of tenants' policies and of the schedules and schemas of their
    event types; 0: not told. `policy_tenants` are those whose change has this version. An entry
    with only these has the directory version 0.
    """

    previous_version: int
    version: int
    applications: tuple[ApplicationState, ...] = ()
    endpoints: tuple[EndpointState, ...] = ()
    policy_version: int = 0
    policy_tenants: tuple[bytes, ...] = ()


class DirectorySince(Contract, frozen=True, tag="directory.since/1"):
    """Query: the current state of everything changed after `version`, a page at a time."""

    version: int
    limit: int = 500
    with_applications: bool = True
    with_endpoints: bool = True


class DirectoryPage(Contract, frozen=True, tag="directory.page/1"):
    """Answer, in order of version. Ask again with `version` until `done`."""

    version: int
    done: bool
    applications: tuple[ApplicationState, ...] = ()
    endpoints: tuple[EndpointState, ...] = ()


class GetEndpointStates(Contract, frozen=True, tag="directory.endpoints/1"):
    """Query: the current state of these endpoints (at most 500)."""

    endpoint_ids: tuple[bytes, ...]


class EndpointStates(Contract, frozen=True, tag="directory.endpoint_states/1"):
    """Answer; an id that never existed is left out."""

    endpoints: tuple[EndpointState, ...]
