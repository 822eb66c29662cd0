"""An example of each response body."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from angarium_contracts.deliveries import DeliveryStatus

from angarium_gateway.adapters.http.schemas.api_keys import ApiKeyCreatedOut, ApiKeyOut
from angarium_gateway.adapters.http.schemas.applications import ApplicationOut
from angarium_gateway.adapters.http.schemas.attempts import AttemptTimings, MessageAttemptOut
from angarium_gateway.adapters.http.schemas.audit_log import AuditEntryOut
from angarium_gateway.adapters.http.schemas.background_tasks import (
    AggregateEventTypesOut,
    AppUsageStatsOut,
    BackgroundTaskOut,
    RecoverOut,
    ReplayOut,
    TaskData,
)
from angarium_gateway.adapters.http.schemas.cancellations import CancelOut
from angarium_gateway.adapters.http.schemas.deliveries import EndpointMessageOut, MessageEndpointOut
from angarium_gateway.adapters.http.schemas.delivery_policy import TenantPolicyOut
from angarium_gateway.adapters.http.schemas.endpoint_secrets import (
    EndpointHeadersOut,
    EndpointSecretOut,
)
from angarium_gateway.adapters.http.schemas.endpoints import EndpointOut
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentChange,
    EnvironmentEndpoint,
    EnvironmentImportOut,
    EnvironmentOut,
)
from angarium_gateway.adapters.http.schemas.erasure import (
    BulkExpungeContentsOut,
    ErasureOut,
    ExpungeAllContentsOut,
    ReceiptVerificationOut,
)
from angarium_gateway.adapters.http.schemas.event_type_specs import (
    AsyncApiOut,
    EventTypeImportOpenApiOut,
    EventTypeImportOpenApiOutData,
    OpenApiOut,
)
from angarium_gateway.adapters.http.schemas.event_types import EventTypeOut
from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.filters import FilterTestOut
from angarium_gateway.adapters.http.schemas.legal_holds import LegalHoldOut
from angarium_gateway.adapters.http.schemas.message_batches import BatchResult, MessageBatchOut
from angarium_gateway.adapters.http.schemas.messages import MessageOut, MessagePrecheckOut
from angarium_gateway.adapters.http.schemas.operational_webhooks import (
    OperationalWebhookEndpointOut,
)
from angarium_gateway.adapters.http.schemas.polling import (
    PollingEndpointConsumerOut,
    PollingEndpointConsumerSeekOut,
    PollingEndpointConsumersOut,
    PollingEndpointMessageOut,
    PollingEndpointOut,
)
from angarium_gateway.adapters.http.schemas.portal_access import (
    AppPortalAccessOut,
    DashboardAccessOut,
    WhoAmIOut,
)
from angarium_gateway.adapters.http.schemas.redelivery import (
    EmptyResponse,
    EndpointDeliveryStateOut,
    EndpointStats,
)
from angarium_gateway.adapters.http.schemas.statistics import (
    EndpointAttemptStats,
    Percentiles,
    StatisticsPoint,
    StatisticsSeries,
)
from angarium_gateway.adapters.http.schemas.tenants import RatesOut, TenantOut, TenantQuotasOut
from angarium_gateway.domain.background_tasks import TaskKind, TaskStatus
from angarium_gateway.domain.permissions import Capability, KeyScope

from .search_examples import found_examples

_ID: Final = "05jHR6TnRzUGhKWN8Ckr5D"
_APPLICATION, _ENDPOINT, _MESSAGE, _TASK = f"app_{_ID}", f"ep_{_ID}", f"msg_{_ID}", f"qtask_{_ID}"
_MADE_AT: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_SENT_AT: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
_NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_URL: Final = "https://example.com/webhooks"
_PORTAL: Final = "https://webhooks.example.com/portal#key=eyJhcHBJZCI6I…"
_INVOICE: Final = {"id": "in_1001", "amount": 4200, "currency": "eur"}
_LIST: Final = "ListResponse_"
_ITERATOR: Final = "it_YQGiJ8wcdXCalMkc__HbuM0"
_POLL_ITERATOR: Final = "AZyuJ1sAfSCBtHLXOmjwSAAAAAC3RCY6"


def response_example(schema: str) -> Any:
    """Return the example of a response schema as JSON types; None if it has none."""
    if schema.startswith(_LIST):
        item = _EXAMPLES.get(schema.removeprefix(_LIST).removesuffix("_"))
        return None if item is None else _page(msgspec.to_builtins(item))
    found = _EXAMPLES.get(schema)
    return None if found is None else msgspec.to_builtins(found)


def _page(item: dict[str, Any]) -> dict[str, Any]:
    return {"data": [item], "iterator": _ITERATOR, "prevIterator": f"-{_ITERATOR}", "done": True}


_NO_RATES: Final = RatesOut(
    requests_per_minute=None, messages_per_minute=None, payload_bytes_per_minute=None
)
_EXAMPLES: Final[dict[str, ApiSchema]] = {
    type(body).__name__: body
    for body in (
        ApplicationOut(
            id=_APPLICATION,
            uid="acme",
            name="Acme Inc.",
            throttle_rate=None,
            rate_limit=None,
            metadata={"plan": "pro"},
            created_at=_MADE_AT,
            updated_at=_MADE_AT,
        ),
        EndpointOut(
            id=_ENDPOINT,
            uid="billing",
            url=_URL,
            description="Billing service",
            disabled=False,
            throttle_rate=None,
            rate_limit=None,
            event_types=("invoice.paid", "invoice.voided"),
            filter_types=("invoice.paid", "invoice.voided"),
            channels=None,
            metadata={},
            created_at=_MADE_AT,
            updated_at=_MADE_AT,
        ),
        EndpointHeadersOut(headers={"X-Team": "billing"}, sensitive=["Authorization"]),
        EndpointSecretOut(key="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        EventTypeOut(
            name="invoice.paid",
            description="An invoice was paid in full",
            archived=False,
            deprecated=False,
            feature_flag=None,
            feature_flags=None,
            group_name="billing",
            schemas=None,
            created_at=_MADE_AT,
            updated_at=_MADE_AT,
        ),
        OpenApiOut(
            openapi="3.1.0",
            info={"title": "Webhooks", "version": "1.0.0"},
            webhooks={
                "invoice.paid": {
                    "post": {
                        "operationId": "invoice.paid",
                        "description": "An invoice was paid in full",
                        "deprecated": False,
                        "responses": {"2XX": {"description": "The webhook was received."}},
                    }
                }
            },
            components={"schemas": {}},
        ),
        AsyncApiOut(
            asyncapi="3.0.0",
            info={"title": "Webhooks", "version": "1.0.0"},
            default_content_type="application/json",
            channels={
                "invoice.paid": {
                    "address": None,
                    "messages": {"invoice.paid": {"name": "invoice.paid"}},
                }
            },
            operations={
                "invoice.paid": {
                    "action": "send",
                    "channel": {"$ref": "#/channels/invoice.paid"},
                }
            },
        ),
        EventTypeImportOpenApiOut(data=EventTypeImportOpenApiOutData(modified=["invoice.paid"])),
        MessageOut(
            id=_MESSAGE,
            event_type="invoice.paid",
            event_id="evt_1001",
            payload=_INVOICE,
            channels=None,
            tags=("march",),
            timestamp=_SENT_AT,
        ),
        MessagePrecheckOut(active=True),
        MessageBatchOut(
            data=[
                BatchResult(status="created", id=_MESSAGE, event_id="evt_1003"),
                BatchResult(status="duplicate", id=_MESSAGE, event_id="evt_1004"),
            ],
            created=1,
            duplicate=1,
            invalid=0,
            unavailable=0,
        ),
        MessageAttemptOut(
            id=f"atmpt_{_ID}",
            msg_id=_MESSAGE,
            endpoint_id=_ENDPOINT,
            url=_URL,
            response='{"received": true}',
            response_status_code=200,
            response_duration_ms=87,
            status=AttemptStatus.SUCCESS,
            status_text="success",
            trigger_type=AttemptTrigger.SCHEDULED,
            timestamp=_SENT_AT,
            msg=None,
            timings=AttemptTimings(dns=1.2, connect=11.8, tls=24.6, first_byte=86.4, total=87.1),
        ),
        MessageEndpointOut(
            id=_ENDPOINT,
            status=AttemptStatus.PENDING,
            status_text="pending",
            next_attempt=datetime(2026, 3, 2, 8, 35, tzinfo=UTC),
            url=_URL,
            description="Billing service",
            disabled=False,
            uid="billing",
            throttle_rate=None,
            rate_limit=None,
            event_types=("invoice.paid", "invoice.voided"),
            filter_types=("invoice.paid", "invoice.voided"),
            channels=None,
            created_at=_MADE_AT,
            updated_at=_MADE_AT,
        ),
        EndpointMessageOut(
            id=_MESSAGE,
            event_type="invoice.paid",
            event_id="evt_1001",
            payload=_INVOICE,
            channels=None,
            tags=("march",),
            timestamp=_SENT_AT,
            status=DeliveryStatus.SUCCESS,
            status_text="success",
            next_attempt=None,
        ),
        EndpointStats(success=1980, pending=12, sending=3, fail=4, canceled=1),
        EndpointDeliveryStateOut(
            state="delivering",
            parked=0,
            scheduled=12,
            concurrency_limit=None,
            open_until=None,
            failing_since=None,
        ),
        EmptyResponse(),
        FilterTestOut(match=True),
        CancelOut(canceled=1, done=True),
        AppUsageStatsOut(
            id=_TASK,
            status=TaskStatus.RUNNING,
            task=TaskKind.APPLICATION_STATS,
            updated_at=_NOON,
            unresolved_app_ids=[],
        ),
        BulkExpungeContentsOut(results={"evt_1001": "expunged", "evt_1002": "not-found"}),
        ExpungeAllContentsOut(
            id=_TASK,
            status=TaskStatus.RUNNING,
            task=TaskKind.PURGE_CONTENT,
            updated_at=_NOON,
        ),
        ErasureOut(
            id=_TASK,
            status=TaskStatus.RUNNING,
            task=TaskKind.PURGE_CONTENT,
            updated_at=_NOON,
        ),
        LegalHoldOut(
            app_id=_APPLICATION,
            reason="Case 2030-17",
            placed_by="0190a5e0c3f07c6e8f0a3b5d7e9f1a2c",
            placed_at=_NOON,
        ),
        ReceiptVerificationOut(genuine=True, subject_matches=True),
        AggregateEventTypesOut(
            id=_TASK,
            status=TaskStatus.RUNNING,
            task=TaskKind.EVENT_TYPE_AGGREGATE,
            updated_at=_NOON,
        ),
        EndpointAttemptStats(success=1_204, fail=31, canceled=2),
        StatisticsSeries(
            resolution="hour",
            since=_NOON,
            until=_NOON + timedelta(hours=1),
            complete_until=_NOON + timedelta(minutes=59),
            counted_since=_MADE_AT,
            data=[
                StatisticsPoint(
                    starts_at=_NOON,
                    group=None,
                    accepted=400,
                    first_attempts=400,
                    delivered=398,
                    failed=5,
                    exhausted=1,
                    retried=3,
                    canceled=0,
                    attempt_duration_ms=Percentiles(p50=41, p95=117.5, p99=263.5),
                    delivery_latency_ms=Percentiles(p50=49, p95=131.5, p99=303.5),
                )
            ],
        ),
        RecoverOut(id=_TASK, status=TaskStatus.RUNNING, task=TaskKind.RECOVER, updated_at=_NOON),
        ReplayOut(
            id=_TASK, status=TaskStatus.RUNNING, task=TaskKind.REPLAY_MISSING, updated_at=_NOON
        ),
        BackgroundTaskOut(
            id=_TASK,
            status=TaskStatus.FINISHED,
            task=TaskKind.RECOVER,
            updated_at=_NOON,
            data=TaskData(
                app_id=_APPLICATION,
                endpoint_id=_ENDPOINT,
                since=_MADE_AT,
                until=_NOON,
                looked=2000,
                resent=16,
                skipped=0,
                position=_NOON,
            ),
        ),
        OperationalWebhookEndpointOut(
            id=_ENDPOINT,
            uid="operations",
            url="https://example.com/operations",
            description="On-call",
            disabled=False,
            throttle_rate=None,
            rate_limit=None,
            event_types=("endpoint.disabled", "message.attempt.exhausted"),
            filter_types=("endpoint.disabled", "message.attempt.exhausted"),
            metadata={},
            created_at=_MADE_AT,
            updated_at=_MADE_AT,
        ),
        TenantPolicyOut(
            retry_schedule=(5, 300, 1800, 7200),
            retention_days=30,
            signature_headers=None,
            require_event_types=True,
            validate_schemas="warn",
        ),
        EnvironmentOut(
            version=1,
            created_at=_NOON,
            event_types=[],
            settings={"retentionDays": 30},
            connectors=[],
            applications=[
                EnvironmentApplication(
                    name="Acme Inc.",
                    uid="acme",
                    endpoints=[EnvironmentEndpoint(url=_URL, uid="billing")],
                )
            ],
            sealing=None,
            iterator=None,
            done=True,
        ),
        EnvironmentImportOut(
            dry_run=False,
            changes=[
                EnvironmentChange(
                    kind="endpoint",
                    name="billing",
                    application="acme",
                    action="update",
                    members=["url"],
                )
            ],
        ),
        ApiKeyOut(
            id=f"key_{_ID}",
            name="billing backend",
            scope=KeyScope.PUBLISH,
            app_id=None,
            created_at=_MADE_AT,
            expires_at=None,
            last_used_at=_NOON,
            revoked_at=None,
            rates=_NO_RATES,
        ),
        ApiKeyCreatedOut(
            id=f"key_{_ID}",
            name="billing backend",
            scope=KeyScope.PUBLISH,
            app_id=None,
            created_at=_MADE_AT,
            expires_at=None,
            last_used_at=None,
            revoked_at=None,
            rates=_NO_RATES,
            token="ang_sk_…",  # noqa: S106 - no token
        ),
        AppPortalAccessOut(_PORTAL, "ang_pt_…"),
        DashboardAccessOut(_PORTAL, "ang_pt_…"),
        WhoAmIOut(
            type="portalToken",
            id=f"ptok_{_ID}",
            tenant_id=f"tnt_{_ID}",
            app_id=_APPLICATION,
            scope=None,
            capabilities=[Capability.MANAGE_ENDPOINT, Capability.VIEW_BASE],
            session_id="user_1FB8",
            expires_at=_NOON,
        ),
        TenantOut(
            id=f"tnt_{_ID}",
            name="production",
            suspended=False,
            suspended_at=None,
            created_at=_MADE_AT,
            deleted_at=None,
            quotas=TenantQuotasOut(
                requests_per_minute=6_000,
                messages_per_minute=60_000,
                payload_bytes_per_minute=None,
                applications_max=1_000,
                endpoints_max=None,
            ),
        ),
        AuditEntryOut(
            id=f"audit_{_ID}",
            timestamp=_NOON,
            api_key_id=f"key_{_ID}",
            operation="v1.endpoint.update",
            method="PUT",
            path="/api/v1/app/acme/endpoint/billing",
            status=200,
            address="203.0.113.7",
            number=42,
            hash="8f6b2d0c5e7a41937b1d54c2a9e03f6688d1c7b59ea2f40316cd7e85b90a24fd",
        ),
        PollingEndpointOut(
            data=[
                PollingEndpointMessageOut(
                    id=_MESSAGE,
                    event_type="invoice.paid",
                    event_id="evt_1001",
                    payload=_INVOICE,
                    channels=None,
                    tags=("march",),
                    timestamp=_SENT_AT,
                )
            ],
            iterator=_POLL_ITERATOR,
            done=True,
        ),
        PollingEndpointConsumerSeekOut(iterator=_POLL_ITERATOR),
        PollingEndpointConsumersOut(
            data=[
                PollingEndpointConsumerOut(
                    id="nightly-import",
                    iterator=_POLL_ITERATOR,
                    behind=12,
                    waiting_since=_SENT_AT,
                    updated_at=_MADE_AT,
                )
            ]
        ),
        *found_examples(_ID),
    )
}
