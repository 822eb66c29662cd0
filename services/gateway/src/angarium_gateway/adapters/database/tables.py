"""The gateway's tables: who may call and what they changed, the journal and its open
batches, the directory copy."""

from angarium_chassis.database.columns import Big, Id, Instant
from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    text,
)

metadata = MetaData()

tenant = Table(
    "tenant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(256), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("retention_days", SmallInteger),
)
"""`retention_days`: what is older of this tenant goes; null: the platform's own number."""

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("name", String(256), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("tenant_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("operation", String(128), nullable=False),
    Column("method", String(8), nullable=False),
    Column("path", String(1024), nullable=False),
    Column("status", SmallInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_audit_entry_operation", "tenant_id", "operation", "id"),
    postgresql_partition_by="RANGE (id)",
)
"""Requests that were to change something, and the status they got; the time is in the id. On
Postgres in partitions by time."""

message = Table(
    "message",
    metadata,
    Column("application_id", Id, nullable=False),
    Column("id", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("event_type", String(256), nullable=False),
    Column("event_id", String(256)),
    Column("channels", Text),
    Column("tags", Text),
    Column("trace", String(64)),
    Column("payload", LargeBinary, nullable=False),
    Column("deliver_at", Instant),
    Column("canceled_at", Instant),
    Column("targeted", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("application_id", "id"),
    postgresql_partition_by="RANGE (id)",
)
"""The journal. `channels` and `tags` are JSON arrays; the time is in the id. `deliver_at` is when
a scheduled message was to go out, `canceled_at` when it was taken off the schedule before.
`targeted`: it is for one endpoint only, and for no other later. On Postgres in partitions by time:
who reads by id gives the id, or bounds, as values, so that others are not looked into."""

scheduled_message = Table(
    "scheduled_message",
    metadata,
    Column("message_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("deliver_at", Big, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("ix_scheduled_message_deliver_at", "deliver_at", "message_id"),
)
"""Messages that are in no batch yet; `deliver_at` in microseconds of the database's own clock.
Not in the ordinary way of a message: it has a row only while it waits for its time."""

event_claim = Table(
    "event_claim",
    metadata,
    Column("application_id", Id, nullable=False),
    Column("event_id", String(256), nullable=False),
    Column("message_id", Id, nullable=False),
    PrimaryKeyConstraint("application_id", "event_id"),
)
"""Which message has an `eventId`: unique in an application."""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("key_digest", Id, primary_key=True),
    Column("request_digest", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("application_id", Id),
    Column("message_id", Id),
    Column("status", SmallInteger),
    Column("answer", LargeBinary),
    Index("ix_idempotency_key_created_at", "created_at"),
)
"""A key of a POST. A message's answer is made from its row; other answers are stored, and
`status` is null while the request is in flight."""

batch = Table(
    "batch",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("stream_number", SmallInteger, nullable=False),
    Column("publication", Integer, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("message_refs", LargeBinary, nullable=False),
    Index(
        "ix_batch_unpublished",
        "owner",
        "id",
        postgresql_where=text("not published"),
        sqlite_where=text("published = 0"),
    ),
)
"""Open batches. `message_refs` is application id and message id, 32 bytes a message, in
order. `owner` is the replica that publishes it; empty when nobody does. `id` is not above any
message id in it: what is still open before a message lies in a range of it."""

replica = Table(
    "replica",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seen_at", Big, nullable=False),
)
"""Live gateway processes; `seen_at` in microseconds of the database's own clock."""

application_copy = Table(
    "application_copy",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("uid", String(256)),
    Column("version", Big, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Index("ix_application_copy_uid", "tenant_id", "uid"),
)

directory_copy = Table(
    "directory_copy",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Big, nullable=False),
)
"""One row: the directory version that the copy is complete to."""

background_task = Table(
    "background_task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("cursor", Id),
    Column("looked", Big, nullable=False),
    Column("resent", Big, nullable=False),
    Column("skipped", Big, nullable=False),
    Column("error", Text),
    Column("failures", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("held_until", Big, nullable=False),
    Column("fence", Big, nullable=False),
    Index("ix_background_task_tenant_id", "tenant_id", "id"),
    Index(
        "ix_background_task_running",
        "held_until",
        postgresql_where=text("status = 'running'"),
        sqlite_where=text("status = 'running'"),
    ),
)
"""Work that goes on behind; the time is in the id. `held_until` in microseconds of the database's
own clock: nobody may take the task before. `cursor` is the message that it has come to."""
