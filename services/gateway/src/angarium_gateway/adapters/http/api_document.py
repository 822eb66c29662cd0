"""The OpenAPI 3.1 document of the API, made from the handlers and the shapes."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec
from angarium_contracts.deliveries import DeliveryStatus
from litestar import Controller, Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from .idempotent_posts import HEADER, KEY_CHARS_MAX
from .schemas.applications import ApplicationIn, ApplicationOut, ApplicationPatch
from .schemas.attempts import MessageAttemptOut
from .schemas.audit_log import AuditEntryOut
from .schemas.background_tasks import (
    BackgroundTaskOut,
    BulkReplayIn,
    RecoverIn,
    RecoverOut,
    ReplayIn,
    ReplayOut,
)
from .schemas.cancellations import CancelOut
from .schemas.deliveries import EndpointMessageOut, MessageEndpointOut
from .schemas.delivery_policy import TenantPolicyIn, TenantPolicyOut
from .schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointHeadersPatchIn,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.endpoints import (
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EndpointUpdate,
)
from .schemas.event_types import (
    EventTypeIn,
    EventTypeOut,
    EventTypePatch,
    EventTypeUpdate,
)
from .schemas.lists import ListResponse
from .schemas.messages import MessageIn, MessageOut
from .schemas.operational_webhooks import (
    OperationalWebhookEndpointIn,
    OperationalWebhookEndpointOut,
    OperationalWebhookEndpointUpdate,
)
from .schemas.redelivery import (
    EmptyResponse,
    EndpointDeliveryStateOut,
    EndpointStats,
    EventExampleIn,
)
from .schemas.refusals import HttpErrorOut, HTTPValidationError
from .strict_json import StrictJson

BEARER: Final = "HTTPBearer"
_SCHEMAS: Final = "#/components/schemas/"
_SHAPES: Final = [
    ApplicationIn, ApplicationOut, ApplicationPatch, ListResponse[ApplicationOut],
    EndpointIn, EndpointOut, EndpointPatch, EndpointUpdate, ListResponse[EndpointOut],
    EndpointSecretOut, EndpointSecretRotateIn, EndpointHeadersIn, EndpointHeadersOut,
    EndpointHeadersPatchIn, EventTypeIn, EventTypeOut, EventTypePatch, EventTypeUpdate,
    ListResponse[EventTypeOut], MessageIn, MessageOut, ListResponse[MessageOut],
    BackgroundTaskOut, ListResponse[BackgroundTaskOut], RecoverIn, RecoverOut, ReplayIn, ReplayOut,
    BulkReplayIn, EmptyResponse, EventExampleIn, EndpointStats, EndpointDeliveryStateOut,
    TenantPolicyIn, TenantPolicyOut, AuditEntryOut, ListResponse[AuditEntryOut],
    CancelOut, OperationalWebhookEndpointIn, OperationalWebhookEndpointUpdate,
    OperationalWebhookEndpointOut, ListResponse[OperationalWebhookEndpointOut],
    MessageAttemptOut, ListResponse[MessageAttemptOut],
    DeliveryStatus, MessageEndpointOut, ListResponse[MessageEndpointOut],
    EndpointMessageOut, ListResponse[EndpointMessageOut], HttpErrorOut, HTTPValidationError,
]  # fmt: skip
_REFUSALS: Final = {
    "401": ("No API key was given, or not a valid one", "HttpErrorOut"),
    "404": ("Something that the path names does not exist", "HttpErrorOut"),
    "409": ("It contradicts what exists, or the same request is in flight", "HttpErrorOut"),
    "413": ("The body is too large", "HttpErrorOut"),
    "422": ("Something in the request is not valid", "HTTPValidationError"),
    "503": ("Try again after the seconds in Retry-After", "HttpErrorOut"),
}
_IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Repeats under the same key get the first answer again, for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
}


class ApiDocument:
    """The document of these controllers; made when first asked for."""

    def __init__(self, controllers: Sequence[type[Controller]], version: str) -> None:
        self._controllers = controllers
        self._version = version

    @cached_property
    def members(self) -> dict[str, Any]:
        """The document as plain objects."""
        nothing = [Provide(lambda: None, sync_to_thread=False) for _ in range(2)]
        described = Litestar(
            route_handlers=self._controllers,
            dependencies=dict(zip(("api", "caller"), nothing, strict=True)),
            dto=StrictJson,
            return_dto=None,
            openapi_config=_config(self._version),
            logging_config=None,
        )
        return _finished(described.openapi_schema.to_schema())

    @cached_property
    def json(self) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(self.members)


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with its path and method."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _config(version: str) -> OpenAPIConfig:
    scheme = SecurityScheme(type="http", scheme="bearer", description="An API key")
    return OpenAPIConfig(
        title="Angarium API",
        version=version,
        description="Webhook delivery. Speaks the Svix v1 API: the official Svix SDKs work.",
        security=[{BEARER: []}],
        components=Components(security_schemes={BEARER: scheme}),
    )


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    """Litestar gives paths and parameters; msgspec the schemas, more exactly."""
    for _, method, operation in operations_of(document):
        operation["responses"].pop("400", None)
        if operation["tags"] == ["Health"]:
            operation["security"] = []
            continue
        if method == "post":
            operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        for status, (description, shape) in _REFUSALS.items():
            if status != "413" or "requestBody" in operation:
                operation["responses"][status] = _refusal(description, shape)
    _, schemas = msgspec.json.schema_components(_SHAPES, ref_template=_SCHEMAS + "{name}")
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return _with_plain_names(document)


def _refusal(description: str, shape: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": _SCHEMAS + shape}}}
    return {"description": description, "content": content}


def _with_plain_names(document: dict[str, Any]) -> dict[str, Any]:
    text = msgspec.json.encode(document).decode()
    # Litestar names a generic's argument by its module, msgspec (and Svix) plainly.
    text = re.sub(r"ListResponse_[\w.]*\.(\w+_)", r"ListResponse_\1", text)
    # Only Python's regular expressions need this after `$`.
    text = text.replace(r"$(?!\\n)", "$")
    plain: dict[str, Any] = msgspec.json.decode(text)
    return plain
