"""Options of endpoints beyond the Svix API, and commands about secrets and headers.

An option is declared here, as it is stored (`EndpointOptions`) and as a command sets it
(`EndpointOptionChanges`); the contracts that carry options inherit them. New options are added
at the end of both.

As in configuration.py, every command names the tenant, and `ref` is an id or a uid.
"""

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from .contract import Contract, Part


class EndpointOptions(Part, frozen=True, kw_only=True):
    """Options that answers, the directory and the worker carry as they are stored.

    `fifo`: in the order of messages, one at a time. `concurrency_max`: at most so many requests
    at once. `retry_delays_s`: the endpoint's own retry schedule, () for no retries.
    `receiver_control`: its answers may disable it or abort a message (header `webhook-delivery`).
    `keep_while_disabled`: what it misses while it is disabled is delivered when it is enabled.

    `payload_format`: "plain" | "envelope" | "thin" | "cloudevents-structured" |
    "cloudevents-binary". `content_type`: the Content-Type of plain payloads, unless the message
    has its own. `event_source`: the `source` of CloudEvents, a URI reference; None: a URN with the
    application's id. `handshake`: ask the receiver's permission before anything is sent.
    """

    fifo: bool = False
    concurrency_max: int | None = None
    retry_delays_s: tuple[float, ...] | None = None
    payload_format: str = "plain"
    content_type: str | None = None
    event_source: str | None = None
    handshake: bool = False
    receiver_control: bool = True
    keep_while_disabled: bool = False


def options_of(carrier: EndpointOptions) -> dict[str, Any]:
    """The options of whatever carries them, by name."""
    return {name: getattr(carrier, name) for name in EndpointOptions.__struct_fields__}


class EndpointOptionChanges(Part, frozen=True, kw_only=True):
    """Options as a command sets them.

    UNSET leaves an option of an existing endpoint as it is, and gives a new endpoint the default
    of `EndpointOptions`. `timeout_s` and `header_names` are as in `EndpointState`. The proxy's
    URL and the client certificate are sealed by the gateway for transit (associated data: the
    tenant's id); None removes them. So are the authentication, the JSON of an
    `EndpointAuthentication` (angarium_webhooks), and the CA certificates, PEM.
    """

    timeout_s: float | UnsetType | None = UNSET
    header_names: str | UnsetType = UNSET
    sealed_proxy: bytes | UnsetType | None = UNSET
    sealed_client_certificate: bytes | UnsetType | None = UNSET
    fifo: bool | UnsetType = UNSET
    concurrency_max: int | UnsetType | None = UNSET
    retry_delays_s: tuple[float, ...] | UnsetType | None = UNSET
    filter: str | UnsetType | None = UNSET
    payload_format: str | UnsetType = UNSET
    content_type: str | UnsetType | None = UNSET
    event_source: str | UnsetType | None = UNSET
    handshake: bool | UnsetType = UNSET
    sealed_authentication: bytes | UnsetType | None = UNSET
    sealed_ca_certificates: bytes | UnsetType | None = UNSET
    receiver_control: bool | UnsetType = UNSET
    keep_while_disabled: bool | UnsetType = UNSET


class RotateEndpointSecret(Contract, frozen=True, tag="endpoint.rotate_secret/1"):
    """Sign with a new secret; those before sign on for `grace_s` (None: the dispatcher's own).
    `sealed_secret` as in `CreateEndpoint`. Answered by `EndpointSaved`."""

    tenant_id: bytes
    application_ref: str
    ref: str
    sealed_secret: bytes | None = None
    grace_s: int | None = None


class GetEndpointHeaders(Contract, frozen=True, tag="endpoint.headers/1"):
    tenant_id: bytes
    application_ref: str
    ref: str


class EndpointHeaders(Contract, frozen=True, tag="endpoint.headers_of/1"):
    """The custom headers as a JSON object of texts, sealed for the way (associated data: the
    endpoint's id); None: there are none."""

    endpoint_id: bytes
    sealed_headers: bytes | None = None


class SetEndpointHeaders(Contract, frozen=True, tag="endpoint.set_headers/1"):
    """Replace all custom headers. `sealed_headers` as in `CreateEndpoint`. Answered by
    `EndpointSaved`."""

    tenant_id: bytes
    application_ref: str
    ref: str
    sealed_headers: bytes


class PatchEndpointHeaders(Contract, frozen=True, tag="endpoint.patch_headers/1"):
    """Set some custom headers and, where the value is null, remove them. Sealed and answered as
    `SetEndpointHeaders` is."""

    tenant_id: bytes
    application_ref: str
    ref: str
    sealed_headers: bytes


class DisableEndpoint(Contract, frozen=True, tag="endpoint.disable/1"):
    """From the worker: the endpoint does not want webhooks any more, or has taken none since
    `failing_since`. Answered by `Done`.

    Nothing happens to an endpoint that was changed after `version`, the version that the worker
    sent with, or that is disabled or deleted already; sending it twice is safe.
    """

    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    version: int
    reason: str
    failing_since: datetime | None = None
