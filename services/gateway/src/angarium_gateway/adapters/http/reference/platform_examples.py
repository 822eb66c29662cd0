"""Examples of what concerns the platform: its state, its findings, its quarantine."""

from typing import Final

from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.overview import (
    BacklogStats,
    UnhealthyEndpointOut,
    UnhealthyEndpointsOut,
    UnhealthyReason,
)
from angarium_gateway.adapters.http.schemas.platform import (
    BacklogOut,
    BacklogPointOut,
    FindingOut,
    PlatformFindingsOut,
    PlatformOut,
    PlatformStreamOut,
    PoolOut,
    ProcessOut,
    RedisOut,
)
from angarium_gateway.adapters.http.schemas.quarantine import (
    QuarantineBytesOut,
    QuarantinedMessageOut,
    QuarantineDropOut,
    QuarantineEntryDetailsOut,
    QuarantineEntryOut,
    QuarantineReplayOut,
    ReplayedEntryOut,
    SetAsideBatchOut,
)
from angarium_gateway.adapters.http.schemas.redelivery import (
    PreviewedEventType,
    RedeliveryPreviewOut,
)
from angarium_gateway.adapters.http.schemas.statistics import (
    EndpointSparkline,
    EndpointSparklines,
)
from angarium_gateway.adapters.http.schemas.trials import (
    SchemaFaultOut,
    SchemaTestOut,
    UrlAddressOut,
    UrlCheckOut,
)

from .example_values import APPLICATION, ENDPOINT, ID, MADE_AT, NOON, URL

_ENTRY: Final = "worker/1735689600000-0"
_STREAM: Final = "deliveries.requested:{0}"
_REASON: Final = "failed 5 times: KeyError: 'url'"

PLATFORM_EXAMPLES: Final[tuple[ApiSchema, ...]] = (
    PlatformOut(
        version="0.1.0",
        processes=[
            ProcessOut(
                service="worker",
                id="5f0c8d1e9a3b4c7d8e2f1a0b9c8d7e6f",
                version="0.1.0",
                host="worker-1",
                pid=4711,
                started_at=MADE_AT,
                uptime_s=86_400.0,
                heartbeat_at=NOON,
                heartbeat_age_s=3.1,
                state="running",
                database_pool=PoolOut(size=8, in_use=1),
                redis_pool=PoolOut(size=256, in_use=5),
                memory_bytes=120_000_000,
            )
        ],
        streams=[
            PlatformStreamOut(
                name=_STREAM,
                group="workers",
                read_by="worker",
                exists=True,
                entries=12,
                waiting=4,
                in_progress=8,
                abandoned=0,
                oldest_age_s=0.4,
                readers=1,
                silent_readers=0,
            )
        ],
        backlog=BacklogOut(
            open_batches=3, oldest_open_s=0.9, set_aside_batches=0, schedule_late_s=None
        ),
        backlog_series=[BacklogPointOut(starts_at=NOON, open_batches=5, oldest_open_s=1.4)],
        redis=RedisOut(
            name="Valkey",
            version="9.1.2",
            used_memory_bytes=8_000_000,
            max_memory_bytes=None,
            clients=24,
            uptime_s=604_800,
        ),
        quarantine={"gateway": 0, "dispatcher": 0, "worker": 1},
    ),
    PlatformFindingsOut(
        level="warning",
        examined_at=NOON,
        duration_ms=180,
        findings=[
            FindingOut(
                level="warning",
                subject="worker quarantine",
                sentence="1 entry could not be handled.",
                remedy="See why with `angarium quarantine list`, then `replay` or `drop` them.",
            )
        ],
    ),
    QuarantineEntryOut(
        id=_ENTRY,
        service="worker",
        stream=_STREAM,
        contract="deliveries.requested/1",
        reason=_REASON,
        tries=5,
        quarantined_at=NOON,
        size_bytes=1_234,
        replayable=True,
        refusal=None,
    ),
    QuarantineEntryDetailsOut(
        id=_ENTRY,
        service="worker",
        stream=_STREAM,
        contract="deliveries.requested/1",
        reason=_REASON,
        tries=5,
        quarantined_at=NOON,
        size_bytes=1_234,
        replayable=True,
        refusal=None,
        entry_id="1735689599000-0",
        batch_id="0190f0f5a0007000800000000000002a",
        publication=1,
        chunk=0,
        chunks=1,
        message_count=1,
        messages=[
            QuarantinedMessageOut(
                id=f"msg_{ID}", app_id=APPLICATION, event_type="invoice.paid", payload_bytes=42
            )
        ],
    ),
    QuarantineBytesOut(id=_ENTRY, size_bytes=6, base64="gaR0eXBl"),
    SetAsideBatchOut(
        id="batch/0190f0f5a0007000800000000000002a",
        messages=3,
        publications=10,
        accepted_at=NOON,
        size_bytes=999,
    ),
    QuarantineReplayOut(
        batches=0, entries=[ReplayedEntryOut(id=_ENTRY, outcome="put_back", detail="put back")]
    ),
    QuarantineDropOut(dropped=1),
    RedeliveryPreviewOut(
        messages=12,
        delivered=3,
        pending=0,
        expunged=1,
        examined=40,
        complete=True,
        event_types=[PreviewedEventType(event_type="invoice.paid", messages=12)],
        oldest=MADE_AT,
        newest=NOON,
    ),
    UnhealthyEndpointsOut(
        data=[
            UnhealthyEndpointOut(
                app_id=APPLICATION,
                app_uid="acme",
                app_name="Acme Inc.",
                endpoint_id=ENDPOINT,
                endpoint_uid="billing",
                url=URL,
                description="Billing service",
                reasons=[
                    UnhealthyReason(
                        code="failing",
                        sentence="No attempt has succeeded since 2026-03-02 08:00 UTC.",
                    )
                ],
                failing_since=MADE_AT,
                open_until=None,
            )
        ],
        truncated=False,
    ),
    BacklogStats(pending_deliveries=3, parked_deliveries=0, oldest_due_at=NOON),
    UrlCheckOut(
        accepted=True,
        url=URL,
        conclusion="Webhooks can be delivered to this URL.",
        addresses=[UrlAddressOut(address="93.184.215.14", allowed=True, rule="public")],
    ),
    SchemaTestOut(
        valid=False,
        faults=[
            SchemaFaultOut(loc=["example", "amount"], msg='The value is not of type "integer".')
        ],
    ),
    EndpointSparklines(
        since=MADE_AT,
        until=NOON,
        resolution="hour",
        data=[EndpointSparkline(endpoint_id=ENDPOINT, success=[0] * 23 + [7], fail=[0] * 24)],
    ),
)
