"""Commands and queries about an endpoint's secrets and headers, and to disable it.

As in configuration.py: every one names the tenant, and `ref` is an id or a uid.
"""

from datetime import datetime

from .contract import Contract


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
