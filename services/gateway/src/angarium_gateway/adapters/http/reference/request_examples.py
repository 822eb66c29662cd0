"""An example of each request body, and of each name in a path.

They tell one story: the application `acme` has the endpoint `billing`, and is sent the message
`evt_1001` of the type `invoice.paid`.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT

from angarium_gateway.adapters.http.schemas.api_keys import ApiKeyIn
from angarium_gateway.adapters.http.schemas.applications import (
    ApplicationIn,
    ApplicationPatch,
    MissingApplicationIn,
)
from angarium_gateway.adapters.http.schemas.background_tasks import (
    AppUsageStatsIn,
    BulkReplayIn,
    RecoverIn,
    ReplayIn,
)
from angarium_gateway.adapters.http.schemas.delivery_policy import TenantPolicyIn
from angarium_gateway.adapters.http.schemas.destinations import DestinationIn, DestinationPatch
from angarium_gateway.adapters.http.schemas.endpoint_authentication import (
    EndpointAuthenticationIn,
)
from angarium_gateway.adapters.http.schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersPatchIn,
    EndpointSecretRotateIn,
)
from angarium_gateway.adapters.http.schemas.endpoints import (
    EndpointIn,
    EndpointPatch,
    EndpointUpdate,
)
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentEndpoint,
    EnvironmentExportIn,
    EnvironmentIn,
)
from angarium_gateway.adapters.http.schemas.erasure import (
    BulkExpungeContentsIn,
    ErasureIn,
    ReceiptVerificationIn,
)
from angarium_gateway.adapters.http.schemas.erasure_data import EXAMPLE_RECEIPT
from angarium_gateway.adapters.http.schemas.event_type_specs import EventTypeImportOpenApiIn
from angarium_gateway.adapters.http.schemas.event_types import (
    EventTypeIn,
    EventTypePatch,
    EventTypeUpdate,
)
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.filters import EndpointFilterTestIn, FilterTestIn
from angarium_gateway.adapters.http.schemas.ingest import (
    IngestEndpointIn,
    IngestEndpointUpdate,
    IngestSourceConfigIn,
    IngestSourceConsumerPortalAccessIn,
    IngestSourceIn,
)
from angarium_gateway.adapters.http.schemas.integrations import IntegrationIn, IntegrationUpdate
from angarium_gateway.adapters.http.schemas.legal_holds import LegalHoldIn
from angarium_gateway.adapters.http.schemas.message_batches import (
    AddressedMessageBatchIn,
    AddressedMessageIn,
    MessageBatchIn,
)
from angarium_gateway.adapters.http.schemas.messages import MessageIn, MessagePrecheckIn
from angarium_gateway.adapters.http.schemas.operational_webhooks import (
    OperationalWebhookEndpointIn,
    OperationalWebhookEndpointUpdate,
)
from angarium_gateway.adapters.http.schemas.polling import PollingEndpointConsumerSeekIn
from angarium_gateway.adapters.http.schemas.portal_access import (
    ApplicationTokenExpireIn,
    AppPortalAccessIn,
)
from angarium_gateway.adapters.http.schemas.quarantine import QuarantineDropIn, QuarantineReplayIn
from angarium_gateway.adapters.http.schemas.redelivery import EventExampleIn
from angarium_gateway.adapters.http.schemas.sign_in import OidcIn, SignInIn
from angarium_gateway.adapters.http.schemas.sinks import SinkConfigIn
from angarium_gateway.adapters.http.schemas.streams import (
    CreateStreamEventsIn,
    EventIn,
    HttpSinkHeadersPatchIn,
    StreamEventTypeIn,
    StreamEventTypePatch,
    StreamIn,
    StreamPatch,
    StreamPortalAccessIn,
    StreamSinkIn,
    StreamSinkPatch,
    StreamTokenExpireIn,
)
from angarium_gateway.adapters.http.schemas.tenants import TenantIn, TenantPatch
from angarium_gateway.adapters.http.schemas.trials import SchemaTestIn, UrlCheckIn
from angarium_gateway.domain.ingest.source_types import SourceType
from angarium_gateway.domain.permissions import Capability

PATH_EXAMPLES: Final = {
    "app_id": "acme",
    "endpoint_id": "billing",
    "source_id": "github",
    "stream_id": "orders",
    "name": "order.placed",
    "destination_id": "ledger-in-order",
    "operational_endpoint_id": "operations",
    "msg_id": "evt_1001",
    "attempt_id": "atmpt_05jHR6TnRzUGhKWN8Ckr5D",
    "event_type_name": "invoice.paid",
    "task_id": "qtask_05jHR6TnRzUGhKWN8Ckr5D",
    "tenant_id": "tnt_05jHR6TnRzUGhKWN8Ckr5D",
    "key_id": "key_05jHR6TnRzUGhKWN8Ckr5D",
    "integ_id": "key_05jHR6TnRzUGhKWN8Ckr5E",
    "sink_id": "warehouse",
    "consumer_id": "nightly-import",
    "service": "worker",
    "entry_id": "1735689600000-0",
}

_MORNING: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_LATER: Final = datetime(2040, 1, 1, tzinfo=UTC)
_URL: Final = "https://example.com/webhooks"
_INVOICE: Final = {"id": "in_1001", "amount": 4200, "currency": "eur"}
_INVOICE_SCHEMA: Final = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "amount": {"type": "integer"}},
    "required": ["id", "amount"],
    "examples": [_INVOICE],
}


_OPENAPI: Final = {
    "openapi": "3.1.0",
    "webhooks": {
        "invoice.paid": {
            "post": {
                "description": "An invoice was paid in full",
                "requestBody": {"content": {"application/json": {"schema": _INVOICE_SCHEMA}}},
            }
        }
    },
}


def request_examples() -> dict[str, dict[str, ApiSchema]]:
    """Return the examples of each body by its schema's name, the plainest one first."""
    return {name: {"basic": body, **_FURTHER.get(name, {})} for name, body in _BASIC.items()}


def sent_fields(body: ApiSchema) -> dict[str, Any]:
    """Return a body's fields as JSON types, without those that have their default values."""
    return {
        field.encode_name: sent_fields(value)
        if isinstance(value, ApiSchema)
        else msgspec.to_builtins(value)
        for field in msgspec.structs.fields(body)
        if not _is_default(field, value := getattr(body, field.name))
    }


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    if field.default_factory is not NODEFAULT:
        return bool(value == field.default_factory())
    return bool(value == field.default)


_BASIC: Final[dict[str, ApiSchema]] = {
    type(body).__name__: body
    for body in (
        ApplicationIn(name="Acme Inc.", uid="acme", metadata={"plan": "pro"}),
        ApplicationPatch(throttle_rate=100),
        EndpointIn(
            url=_URL,
            uid="billing",
            description="Billing service",
            event_types=["invoice.paid", "invoice.voided"],
        ),
        EndpointUpdate(
            url=_URL,
            uid="billing",
            description="Billing service, second version",
            event_types=["invoice.paid"],
        ),
        EndpointPatch(throttle_rate=50),
        EndpointHeadersIn(headers={"X-Team": "billing", "Authorization": "Bearer receiver-token"}),
        EndpointHeadersPatchIn(headers={"X-Team": "payments"}),
        EndpointSecretRotateIn(grace_period_seconds=3600),
        DestinationIn(
            type="fifoEndpoint",
            uid="ledger-in-order",
            event_types=["invoice.paid"],
            config=SinkConfigIn(url=_URL),
        ),
        DestinationPatch(type="fifoEndpoint", status="disabled"),
        EventTypeIn(
            name="invoice.paid",
            description="An invoice was paid in full",
            schemas={"1": _INVOICE_SCHEMA},
        ),
        EventTypeUpdate(description="An invoice was paid in full", schemas={"1": _INVOICE_SCHEMA}),
        EventTypePatch(deprecated=True),
        EventTypeImportOpenApiIn(spec=_OPENAPI),
        MessageIn(event_type="invoice.paid", event_id="evt_1001", payload=_INVOICE, tags=["march"]),
        MessagePrecheckIn(event_type="invoice.paid"),
        MessageBatchIn(
            messages=[
                MessageIn(event_type="invoice.paid", event_id="evt_1003", payload=_INVOICE),
                MessageIn(event_type="invoice.voided", event_id="evt_1004", payload=_INVOICE),
            ]
        ),
        AddressedMessageBatchIn(
            messages=[
                AddressedMessageIn(
                    application_id="acme",
                    event_type="invoice.paid",
                    event_id="evt_1005",
                    payload=_INVOICE,
                )
            ]
        ),
        EventExampleIn(event_type="invoice.paid"),
        UrlCheckIn(url=_URL),
        SchemaTestIn(schema=_INVOICE_SCHEMA, example=_INVOICE),
        FilterTestIn(filter="payload.amount > 1000", event_type="invoice.paid", payload=_INVOICE),
        EndpointFilterTestIn(event_type="invoice.paid", payload=_INVOICE),
        PollingEndpointConsumerSeekIn(after=_MORNING),
        AppUsageStatsIn(since=_MORNING, until=_NOON, app_ids=["acme"]),
        RecoverIn(since=_MORNING, until=_NOON),
        ReplayIn(since=_MORNING),
        BulkReplayIn(since=_MORNING, until=_NOON, event_types=["invoice.paid"]),
        BulkExpungeContentsIn(ids=["evt_1001", "evt_1002"]),
        LegalHoldIn(reason="Case 2030-17"),
        ErasureIn(tag="customer-77", cancel_pending=True),
        ReceiptVerificationIn(receipt=EXAMPLE_RECEIPT, tag="customer-77"),
        TenantPolicyIn(
            retry_schedule=[5, 300, 1800, 7200], retention_days=30, require_event_types=True
        ),
        EnvironmentExportIn(limit=100),
        EnvironmentIn(settings={"retentionDays": 30}),
        OperationalWebhookEndpointIn(
            url="https://example.com/operations",
            uid="operations",
            event_types=["endpoint.disabled", "message.attempt.exhausted"],
        ),
        ApiKeyIn(name="billing backend", scope="publish"),
        IntegrationIn(name="Zapier", feature_flags=["beta"]),
        IntegrationUpdate(name="Zapier"),
        AppPortalAccessIn(
            capabilities=[Capability.VIEW_BASE, Capability.MANAGE_ENDPOINT],
            expiry=86_400,
            session_id="user_1FB8",
        ),
        ApplicationTokenExpireIn(session_ids=["user_1FB8"]),
        QuarantineReplayIn(ids=["worker/1735689600000-0"]),
        QuarantineDropIn(ids=["worker/1735689600000-0"]),
        OidcIn(challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        SignInIn(code="ang_sc_2eXampLeCodeOfASignInLinkThatWorksOnlyOnce00aB3xYz"),
        IngestSourceIn(
            name="GitHub, organisation",
            uid="github",
            type=SourceType.GITHUB,
            config=IngestSourceConfigIn(secret="the-secret-at-github"),  # noqa: S106 - an example
        ),
        IngestEndpointIn(url=_URL, uid="billing", event_types=["github.push"]),
        IngestEndpointUpdate(url=_URL, uid="billing", description="Deployments"),
        IngestSourceConsumerPortalAccessIn(expiry=86_400, read_only=True),
        StreamIn(name="Orders", uid="orders"),
        StreamPatch(name="Orders of all shops"),
        CreateStreamEventsIn(
            events=[
                EventIn(event_type="order.placed", payload='{"order": 1}'),
                EventIn(event_type="order.placed", payload='{"order": 2}'),
            ]
        ),
        StreamSinkIn(type="http", uid="warehouse", config=SinkConfigIn(url=_URL)),
        StreamSinkPatch(type="http", status="enabled"),
        HttpSinkHeadersPatchIn(headers={"X-Team": "warehouse"}),
        StreamEventTypeIn(name="order.placed", description="An order was placed"),
        StreamEventTypePatch(deprecated=False),
        StreamPortalAccessIn(expiry=86_400, session_id="user_1FB8"),
        StreamTokenExpireIn(session_ids=["user_1FB8"]),
        TenantIn(name="production"),
        TenantPatch(suspended=True),
        OperationalWebhookEndpointUpdate(
            url="https://example.com/operations", uid="operations", description="On-call"
        ),
    )
}
_FURTHER: Final[dict[str, dict[str, ApiSchema]]] = {
    "EnvironmentIn": {
        "applications": EnvironmentIn(
            applications=[
                EnvironmentApplication(
                    name="Acme Inc.",
                    uid="acme",
                    endpoints=[EnvironmentEndpoint(url=_URL, uid="billing")],
                )
            ],
        ),
    },
    "EndpointIn": {
        "in order, with own retries": EndpointIn(
            url=_URL,
            uid="ledger",
            ordering="fifo",
            retry_schedule=[5, 60, 600],
            timeout_seconds=10,
            headers={"X-Team": "ledger"},
        ),
        "as CloudEvents, with OAuth 2": EndpointIn(
            url="https://example.com/events",
            uid="events",
            payload_format="cloudevents-structured",
            event_source="https://example.com/billing",
            authentication=EndpointAuthenticationIn(
                type="oauth2",
                token_url="https://login.example.com/oauth2/token",  # noqa: S106 - a URL
                client_id="angarium",
                client_secret="the-client-secret",  # noqa: S106 - an example
                scope="webhooks:write",
            ),
        ),
    },
    "ApiKeyIn": {
        "of one application, for a while": ApiKeyIn(
            name="integration of Acme",
            scope="application",
            app_id="acme",
            expires_at=_LATER,
        ),
    },
    "MessageIn": {
        "scheduled": MessageIn(
            event_type="invoice.due",
            event_id="evt_1002",
            payload=_INVOICE,
            deliver_at=_NOON,
        ),
        "with its application": MessageIn(
            event_type="invoice.paid",
            payload=_INVOICE,
            application=MissingApplicationIn(name="Acme Inc."),
        ),
    },
}
