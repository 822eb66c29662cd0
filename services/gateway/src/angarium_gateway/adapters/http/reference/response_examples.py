"""An example of each response body."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from angarium_contracts.deliveries import DeliveryStatus

from angarium_gateway.adapters.http.schemas.applications import ApplicationOut
from angarium_gateway.adapters.http.schemas.attempt_headers import MessageAttemptHeadersOut
from angarium_gateway.adapters.http.schemas.attempts import AttemptTimings, MessageAttemptOut
from angarium_gateway.adapters.http.schemas.background_tasks import (
    AggregateEventTypesOut,
    AppUsageStatsOut,
    BackgroundTaskOut,
    RecoverOut,
    ReplayOut,
    TaskData,
    TaskProgressOut,
)
from angarium_gateway.adapters.http.schemas.cancellations import CancelOut
from angarium_gateway.adapters.http.schemas.deliveries import EndpointMessageOut, MessageEndpointOut
from angarium_gateway.adapters.http.schemas.endpoint_secrets import (
    EndpointHeadersOut,
    EndpointSecretOut,
)
from angarium_gateway.adapters.http.schemas.endpoints import EndpointOut
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
from angarium_gateway.adapters.http.schemas.polling import (
    PollingEndpointConsumerOut,
    PollingEndpointConsumerSeekOut,
    PollingEndpointConsumersOut,
    PollingEndpointMessageOut,
    PollingEndpointOut,
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
from angarium_gateway.domain.background_tasks import TaskKind, TaskStatus

from .example_values import (
    APPLICATION,
    ENDPOINT,
    ID,
    INVOICE,
    ITERATOR,
    MADE_AT,
    MESSAGE,
    NOON,
    POLL_ITERATOR,
    SENT_AT,
    TASK,
    URL,
)
from .ingest_examples import INGEST_EXAMPLES
from .platform_examples import PLATFORM_EXAMPLES
from .search_examples import found_examples
from .sink_examples import SINK_EXAMPLES
from .tenant_examples import TENANT_EXAMPLES

_LIST: Final = "ListResponse_"


def response_example(schema: str) -> Any:
    """Return the example of a response schema as JSON types; None if it has none."""
    if schema.startswith(_LIST):
        item = _EXAMPLES.get(schema.removeprefix(_LIST).removesuffix("_"))
        return None if item is None else _page(msgspec.to_builtins(item))
    found = _EXAMPLES.get(schema)
    return None if found is None else msgspec.to_builtins(found)


def _page(item: dict[str, Any]) -> dict[str, Any]:
    return {"data": [item], "iterator": ITERATOR, "prevIterator": f"-{ITERATOR}", "done": True}


_EXAMPLES: Final[dict[str, ApiSchema]] = {
    type(body).__name__: body
    for body in (
        ApplicationOut(
            id=APPLICATION,
            uid="acme",
            name="Acme Inc.",
            throttle_rate=None,
            rate_limit=None,
            metadata={"plan": "pro"},
            created_at=MADE_AT,
            updated_at=MADE_AT,
        ),
        EndpointOut(
            id=ENDPOINT,
            uid="billing",
            url=URL,
            description="Billing service",
            disabled=False,
            throttle_rate=None,
            rate_limit=None,
            event_types=("invoice.paid", "invoice.voided"),
            filter_types=("invoice.paid", "invoice.voided"),
            channels=None,
            metadata={},
            created_at=MADE_AT,
            updated_at=MADE_AT,
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
            created_at=MADE_AT,
            updated_at=MADE_AT,
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
            id=MESSAGE,
            event_type="invoice.paid",
            event_id="evt_1001",
            payload=INVOICE,
            channels=None,
            tags=("march",),
            timestamp=SENT_AT,
        ),
        MessagePrecheckOut(active=True),
        MessageBatchOut(
            data=[
                BatchResult(status="created", id=MESSAGE, event_id="evt_1003"),
                BatchResult(status="duplicate", id=MESSAGE, event_id="evt_1004"),
            ],
            created=1,
            duplicate=1,
            invalid=0,
            unavailable=0,
        ),
        MessageAttemptOut(
            id=f"atmpt_{ID}",
            msg_id=MESSAGE,
            endpoint_id=ENDPOINT,
            url=URL,
            response='{"received": true}',
            response_status_code=200,
            response_duration_ms=87,
            status=AttemptStatus.SUCCESS,
            status_text="success",
            trigger_type=AttemptTrigger.SCHEDULED,
            timestamp=SENT_AT,
            msg=None,
            timings=AttemptTimings(
                dns=1.2, connect=11.8, tls=24.6, first_byte=86.4, body=0.7, total=87.1
            ),
            http_version="1.1",
            response_status_text="OK",
        ),
        MessageAttemptHeadersOut(
            url=URL,
            method="POST",
            http_version="1.1",
            sent_headers={
                "Host": "example.com",
                "User-Agent": "Angarium/0.1.0",
                "Content-Length": "47",
                "content-type": "application/json",
                "webhook-id": MESSAGE,
                "webhook-timestamp": "1772440200",
                "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
            },
            sensitive=("x-api-key",),
            response_status_code=200,
            response_status_text="OK",
            response_http_version="1.1",
            response_headers=(["server", "nginx"], ["content-type", "application/json"]),
            truncated=False,
            stored=True,
        ),
        MessageEndpointOut(
            id=ENDPOINT,
            status=AttemptStatus.PENDING,
            status_text="pending",
            next_attempt=datetime(2026, 3, 2, 8, 35, tzinfo=UTC),
            url=URL,
            description="Billing service",
            disabled=False,
            uid="billing",
            throttle_rate=None,
            rate_limit=None,
            event_types=("invoice.paid", "invoice.voided"),
            filter_types=("invoice.paid", "invoice.voided"),
            channels=None,
            created_at=MADE_AT,
            updated_at=MADE_AT,
        ),
        EndpointMessageOut(
            id=MESSAGE,
            event_type="invoice.paid",
            event_id="evt_1001",
            payload=INVOICE,
            channels=None,
            tags=("march",),
            timestamp=SENT_AT,
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
            id=TASK,
            status="running",
            task=TaskKind.APPLICATION_STATS,
            updated_at=NOON,
            unresolved_app_ids=[],
        ),
        BulkExpungeContentsOut(results={"evt_1001": "expunged", "evt_1002": "not-found"}),
        ExpungeAllContentsOut(
            id=TASK,
            status="running",
            task=TaskKind.PURGE_CONTENT,
            updated_at=NOON,
        ),
        ErasureOut(
            id=TASK,
            status="running",
            task=TaskKind.PURGE_CONTENT,
            updated_at=NOON,
        ),
        LegalHoldOut(
            app_id=APPLICATION,
            reason="Case 2030-17",
            placed_by="0190a5e0c3f07c6e8f0a3b5d7e9f1a2c",
            placed_at=NOON,
        ),
        ReceiptVerificationOut(genuine=True, subject_matches=True),
        AggregateEventTypesOut(
            id=TASK,
            status="running",
            task=TaskKind.EVENT_TYPE_AGGREGATE,
            updated_at=NOON,
        ),
        EndpointAttemptStats(success=1_204, fail=31, canceled=2),
        StatisticsSeries(
            resolution="hour",
            since=NOON,
            until=NOON + timedelta(hours=1),
            complete_until=NOON + timedelta(minutes=59),
            counted_since=MADE_AT,
            data=[
                StatisticsPoint(
                    starts_at=NOON,
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
        RecoverOut(id=TASK, status="running", task=TaskKind.RECOVER, updated_at=NOON),
        ReplayOut(id=TASK, status="running", task=TaskKind.REPLAY_MISSING, updated_at=NOON),
        BackgroundTaskOut(
            id=TASK,
            status="finished",
            state=TaskStatus.FINISHED,
            progress=TaskProgressOut(percent=100, done=2000, total=None),
            task=TaskKind.RECOVER,
            updated_at=NOON,
            data=TaskData(
                app_id=APPLICATION,
                endpoint_id=ENDPOINT,
                since=MADE_AT,
                until=NOON,
                looked=2000,
                resent=16,
                skipped=0,
                position=NOON,
            ),
        ),
        *TENANT_EXAMPLES,
        *SINK_EXAMPLES,
        *PLATFORM_EXAMPLES,
        *INGEST_EXAMPLES,
        PollingEndpointOut(
            data=[
                PollingEndpointMessageOut(
                    id=MESSAGE,
                    event_type="invoice.paid",
                    event_id="evt_1001",
                    payload=INVOICE,
                    channels=None,
                    tags=("march",),
                    timestamp=SENT_AT,
                )
            ],
            iterator=POLL_ITERATOR,
            done=True,
        ),
        PollingEndpointConsumerSeekOut(iterator=POLL_ITERATOR),
        PollingEndpointConsumersOut(
            data=[
                PollingEndpointConsumerOut(
                    id="nightly-import",
                    iterator=POLL_ITERATOR,
                    behind=12,
                    waiting_since=SENT_AT,
                    updated_at=MADE_AT,
                )
            ]
        ),
        *found_examples(ID),
    )
}
