"""The gateway's tables: who may call, the journal and its open batches, the directory copy."""

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
)

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
    PrimaryKeyConstraint("application_id", "id"),
)
"""The journal. `channels` and `tags` are JSON arrays; the time is in the id."""

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
order. `owner` is the replica that publishes it; empty when nobody does."""

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
