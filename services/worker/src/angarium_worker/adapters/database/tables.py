"""The tables. `attempt` is only appended to, but for answers that are deleted. Times are
microseconds of Unix time."""

from typing import Final

import msgspec
from angarium_chassis.database.columns import Big, Id
from angarium_chassis.database.sealed_columns import Change, sealed
from angarium_chassis.statistics.recording_order import position_table, recorded_in, recording_index
from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    false,
    text,
    true,
)


def _in_array(stored: bytes, change: Change) -> bytes:
    secrets = msgspec.msgpack.decode(stored, type=tuple[bytes, ...])
    return msgspec.msgpack.encode([change(each) for each in secrets])


tables: Final = MetaData()

attempt: Final = Table(
    "attempt",
    tables,
    Column("message_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("endpoint_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("trigger", SmallInteger, nullable=False),
    Column("response_status", SmallInteger, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("failure", Text, nullable=True),
    Column("channels", Text, nullable=True),
    Column("timings", LargeBinary, nullable=True),
    Column("ended_at", Big, nullable=False),
    Column("next_attempt_at", Big, nullable=True),
    recorded_in(),
    Column("exchange", LargeBinary, nullable=True),
    Index("attempt_by_endpoint", "endpoint_id", "id"),
    Index(
        "attempt_failed",
        "tenant_id",
        "id",
        postgresql_where=text("status = 2"),
        sqlite_where=text("status = 2"),
    ),
    Index(
        "attempt_failed_by_endpoint",
        "endpoint_id",
        "id",
        postgresql_where=text("status = 2"),
        sqlite_where=text("status = 2"),
    ),
    recording_index("attempt"),
    postgresql_partition_by="RANGE (id)",
)
"""On Postgres in partitions by time. Only failed attempts are in the indexes `attempt_failed…`:
they cost the others nothing. No attempt is older than its message: reads by message pass that bound
(`attempt_bounds`), so that older partitions are not read."""

pending_delivery: Final = Table(
    "pending_delivery",
    tables,
    Column("message_id", Id, primary_key=True),
    Column("endpoint_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("endpoint_version", Big, nullable=False),
    Column("attempts_made", Integer, nullable=False),
    Column("channels", Text, nullable=True),
    Column("trace", Text, nullable=True),
    Column("trigger", SmallInteger, nullable=False, server_default="0"),
    Column("retry_delays", Text, nullable=True),
    Column("weight", Integer, nullable=False, server_default="1"),
    Column("lane", SmallInteger, nullable=True),
    Column("cancelled", Text, nullable=True),
    Column("by_hand", Boolean, nullable=False, server_default=false()),
    Column("fence", Big, nullable=False),
    Column("due_at", Big, nullable=False),
    Column("content_type", Text, nullable=True),
    Column("resent_while_held", Boolean, nullable=False, server_default=false()),
    Index(
        "pending_delivery_by_due",
        "due_at",
        postgresql_where=text("lane is null"),
        sqlite_where=text("lane is null"),
    ),
    Index("pending_delivery_by_endpoint", "endpoint_id", "due_at"),
    Index(
        "pending_delivery_by_lane",
        "endpoint_id",
        "lane",
        "message_id",
        "due_at",
        postgresql_where=text("lane is not null"),
        sqlite_where=text("lane is not null"),
    ),
)
"""`cancelled` and `by_hand`: why the delivery is not to be attempted any more, and whether a person
said so; it ends once no worker holds it. `resent_while_held`: it was resent while a worker held it,
and is due again once that worker settles it. The lane's index contains `due_at`, so that deliveries
which are not due are skipped without reading their rows."""

lane: Final = Table(
    "lane",
    tables,
    Column("endpoint_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("due_at", Big, nullable=False),
    Column("waits_until", Big, nullable=False),
    Column("held_until", Big, nullable=True),
    Column("fence", Big, nullable=False),
    Column("arrivals", Big, nullable=False),
    Column("burst_at", Big, nullable=False),
    Column("confirmed", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Index("lane_by_due", "due_at"),
    Index(
        "lane_by_holding",
        "held_until",
        postgresql_where=text("held_until is not null"),
        sqlite_where=text("held_until is not null"),
    ),
)
"""Endpoints for which deliveries wait in turn. `due_at`: the next turn; while the lane is held,
the end of the lease, or when something is due that came in since (0: it was woken). Nothing that
comes in makes the turn earlier than `waits_until`. `held_until` null: free. `burst_at`: the time
up to which the endpoint's rate limit is booked."""

cancelled_delivery: Final = Table(
    "cancelled_delivery",
    tables,
    Column("message_id", Id, primary_key=True),
    Column("endpoint_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cancelled_at", Big, nullable=False),
    Column("by_hand", Boolean, nullable=False, server_default=false()),
    recorded_in(),
    Index("cancelled_delivery_by_endpoint", "endpoint_id", "message_id"),
    recording_index("cancelled_delivery"),
)
"""Deliveries that ended without being sent: their endpoint was disabled or deleted, or a person
cancelled them (`by_hand`)."""

operational_event: Final = Table(
    "operational_event",
    tables,
    Column("id", Id, primary_key=True),
    Column("type", Text, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("endpoint_id", Id, nullable=False),
    Column("message_id", Id, nullable=False),
    Column("attempt_id", Id, nullable=False),
    Column("response_status", SmallInteger, nullable=False),
    Column("attempted_at", Big, nullable=False),
)
"""The outbox of operational events; a row is deleted once the gateway has committed it."""

endpoint_health: Final = Table(
    "endpoint_health",
    tables,
    Column("endpoint_id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("version", Big, nullable=False),
    Column("failing_since", Big, nullable=False),
    Column("last_failure_at", Big, nullable=False),
)
"""Endpoints that have failed and not succeeded since `failing_since`."""

endpoint_copy: Final = Table(
    "endpoint_copy",
    tables,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("version", Big, nullable=False),
    Column("url", Text, nullable=False),
    Column("secrets", LargeBinary, nullable=False, info=sealed(_in_array)),
    Column("headers", LargeBinary, nullable=True, info=sealed()),
    Column("throttle_rate", Integer, nullable=True),
    Column("disabled", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("secrets_expire_at", LargeBinary, nullable=True),
    Column("timeout_s", Double, nullable=True),
    Column("header_names", Text, nullable=False, server_default="webhook"),
    Column("proxy", LargeBinary, nullable=True, info=sealed()),
    Column("client_certificate", LargeBinary, nullable=True, info=sealed()),
    Column("fifo", Boolean, nullable=False, server_default=false()),
    Column("concurrency_max", Integer, nullable=True),
    Column("retry_delays", Text, nullable=True),
    Index("endpoint_copy_by_tenant", "tenant_id", "application_id"),
    Column("payload_format", Text, nullable=False, server_default="plain"),
    Column("content_type", Text, nullable=True),
    Column("event_source", Text, nullable=True),
    Column("handshake", Boolean, nullable=False, server_default=false()),
    Column("authentication", LargeBinary, nullable=True, info=sealed()),
    Column("ca_certificates", LargeBinary, nullable=True, info=sealed()),
    Column("receiver_control", Boolean, nullable=False, server_default=true()),
    Column("keep_while_disabled", Boolean, nullable=False, server_default=false()),
)
"""`secrets` is a msgpack array of sealed secrets, `secrets_expire_at` one of numbers, or null."""

directory_copy: Final = Table(
    "directory_copy",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Big, nullable=False),
)
"""One row, id 1: the directory version that `endpoint_copy` is complete to."""

delivery_rollup: Final = Table(
    "delivery_rollup",
    tables,
    Column("resolution", SmallInteger, primary_key=True, autoincrement=False),
    Column("starts_at", Big, primary_key=True, autoincrement=False),
    Column("tenant_id", Id, primary_key=True),
    Column("application_id", Id, primary_key=True),
    Column("endpoint_id", Id, primary_key=True),
    Column("event_type", Text, primary_key=True),
    Column("first_attempts", Big, nullable=False),
    Column("delivered", Big, nullable=False),
    Column("failed", Big, nullable=False),
    Column("exhausted", Big, nullable=False),
    Column("retried", Big, nullable=False),
    Column("cancelled", Big, nullable=False),
    Column("durations", LargeBinary, nullable=False),
    Column("latencies", LargeBinary, nullable=False),
    Index("delivery_rollup_by_tenant", "tenant_id", "resolution", "starts_at"),
    Index("delivery_rollup_by_application", "application_id", "resolution", "starts_at"),
)
"""Counts of attempts and cancelled deliveries (`delivery_rollups`)."""

rollup_position: Final = position_table(tables)
poll_clock: Final = Table(
    "poll_clock",
    tables,
    Column("endpoint_id", Id, primary_key=True),
    Column("tick", Big, nullable=False),
)
"""The latest tick in the ids of a polled endpoint's attempts (`domain/poll_order.py`). A
transaction that writes such attempts locks the row until it commits."""

poll_consumer: Final = Table(
    "poll_consumer",
    tables,
    Column("endpoint_id", Id, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Id, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("updated_at", Big, nullable=False),
)
"""Consumers of polled endpoints. `position`: the last id of an attempt that the consumer has
confirmed; `generation` counts its seeks."""
