"""The gateway's tables: tenants with their API keys and audit log, the journal and its open
batches, and the copy of the directory."""

from angarium_chassis.database.columns import Big, Id, Instant
from angarium_chassis.database.sealed_columns import sealed
from angarium_chassis.statistics.recording_order import position_table, recorded_in, recording_index
from sqlalchemy import (
    BigInteger,
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
    Column("suspended_at", Instant),
    Column("deleted_at", Instant),
    Column("erased_at", Instant),
    Column("requests_per_minute", BigInteger),
    Column("messages_per_minute", BigInteger),
    Column("payload_bytes_per_minute", BigInteger),
    Column("applications_max", BigInteger),
    Column("endpoints_max", BigInteger),
    Column("schema_check", String(16)),
)
"""`retention_days` is the tenant's retention period; null means the platform's. `suspended_at` is
null unless the tenant is suspended. `erased_at`: the configuration of a deleted tenant is gone. Its
row stays, without its name. Of the quotas, null means no bound. `schema_check`: null
means that payloads are not checked against schemas."""

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("name", String(256), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("scope", String(16), nullable=False, server_default="admin"),
    Column("application_id", Id),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("requests_per_minute", BigInteger),
    Column("messages_per_minute", BigInteger),
    Column("payload_bytes_per_minute", BigInteger),
    Column("subject", String(256)),
    Column("email", String(256)),
    Column("feature_flags", Text),
    Column("updated_at", Instant),
    Index("ix_api_key_tenant_id", "tenant_id", "id"),
    Index(
        "ix_api_key_application_id",
        "application_id",
        "id",
        postgresql_where=text("application_id is not null"),
        sqlite_where=text("application_id is not null"),
    ),
)
"""`application_id` is the application of a key of the scope `application`, and `feature_flags`, a
JSON array, those of the event types that it sees. `updated_at` is null until the key is changed.
`subject` and `email`: who signed in, if the key was made by signing in."""

sign_in = Table(
    "sign_in",
    metadata,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("email", String(256)),
    Column("challenge", LargeBinary(32)),
    Column("key_life_s", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_sign_in_expires_at", "expires_at"),
)
"""Codes that have not been exchanged for an API key yet."""

portal_token = Table(
    "portal_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("capabilities", String(256), nullable=False),
    Column("feature_flags", Text, nullable=False),
    Column("session_id", String(256)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_portal_token_application_id", "application_id", "expires_at"),
    Index("ix_portal_token_expires_at", "expires_at"),
)
"""Portal tokens until they end. `capabilities` are separated by spaces, `feature_flags` are a JSON
array."""

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
    Column("by_portal", Boolean, nullable=False, server_default=false()),
    Column("address", String(64)),
    Column("number", Big),
    Column("previous_hash", LargeBinary(32)),
    Column("hash", LargeBinary(32)),
    Column("before", Text),
    Column("after", Text),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_audit_entry_operation", "tenant_id", "operation", "id"),
    postgresql_partition_by="RANGE (id)",
)
"""Requests for a change, and the status of their answers; the id contains the time. `before` and
`after` are JSON objects of the members that changed, with secrets redacted. `by_portal`:
`key_id` is a portal token. `number` and the hashes are null in entries of earlier versions. On
Postgres partitioned by time."""

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("number", Big, nullable=False),
    Column("entry_id", Id, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
"""The newest audit entry of each tenant. The row is locked while an entry is added."""

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
    Column("content_type", String(256)),
    Column("expunged_at", Instant),
    recorded_in(),
    PrimaryKeyConstraint("application_id", "id"),
    recording_index("message"),
    postgresql_partition_by="RANGE (id)",
)
"""The journal. `channels` and `tags` are JSON arrays; the time is in the id. `deliver_at` is the
delivery time of a scheduled message, `canceled_at` the time at which it was taken off the schedule.
`targeted` messages are for one endpoint only. `content_type` is null where `payload` is the text of
a JSON object that goes out as application/json; it may be any text otherwise. `expunged_at` is
the time at which the payload was deleted. On Postgres partitioned by time: queries by id give the
id or its bounds as values, so that the other partitions are not read."""

payload_expiry = Table(
    "payload_expiry",
    metadata,
    Column("message_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("expires_at", Big, nullable=False),
    Index("ix_payload_expiry_expires_at", "expires_at", "message_id"),
)
"""Messages whose payload is deleted before they are; `expires_at` is in microseconds of Unix
time."""

scheduled_message = Table(
    "scheduled_message",
    metadata,
    Column("message_id", Id, primary_key=True),
    Column("application_id", Id, nullable=False),
    Column("deliver_at", Big, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("ix_scheduled_message_deliver_at", "deliver_at", "message_id"),
)
"""Scheduled messages that are in no batch yet; `deliver_at` is in microseconds of the database's
clock. A message has a row here only while it waits for its time."""

event_claim = Table(
    "event_claim",
    metadata,
    Column("application_id", Id, nullable=False),
    Column("event_id", String(256), nullable=False),
    Column("message_id", Id, nullable=False),
    PrimaryKeyConstraint("application_id", "event_id"),
)
"""The message of each `eventId`, which is unique in an application."""

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("key_digest", Id, primary_key=True),
    Column("request_digest", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("application_id", Id),
    Column("message_id", Id),
    Column("status", SmallInteger),
    Column("answer", LargeBinary, info=sealed()),
    Index("ix_idempotency_key_created_at", "created_at"),
)
"""Idempotency keys. The answer for a message is built from its row; other answers are stored, and
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
"""Open batches. `message_refs` is the application id and message id of each message in order, 32
bytes per message. `owner` is the replica that publishes the batch. `id` is not above any message id
in the batch, so that open batches before a message can be found by a range of ids."""

replica = Table(
    "replica",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seen_at", Big, nullable=False),
)
"""Live gateway processes; `seen_at` is in microseconds of the database's clock."""

application_copy = Table(
    "application_copy",
    metadata,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("uid", String(256)),
    Column("version", Big, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("kind", String(16), nullable=False, server_default="application"),
    Column("source_type", String(32)),
    Column("sealed_source_config", LargeBinary, info=sealed()),
    Column("ingest_tokens", Text),
    Index("ix_application_copy_uid", "tenant_id", "uid"),
)
"""Applications of all kinds. `ingest_tokens` is a JSON array of arrays, each of the hash of a token
and its end."""

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
    Column("result", Text),
    Index("ix_background_task_tenant_id", "tenant_id", "id"),
    Index(
        "ix_background_task_running",
        "held_until",
        postgresql_where=text("status = 'running'"),
        sqlite_where=text("status = 'running'"),
    ),
)
"""Background tasks; the id contains the time. `held_until` is the end of the lease in microseconds
of the database's clock, `fence` counts the leases, and `cursor` is the last message processed."""

message_rollup = Table(
    "message_rollup",
    metadata,
    Column("resolution", SmallInteger, primary_key=True, autoincrement=False),
    Column("starts_at", Big, primary_key=True, autoincrement=False),
    Column("tenant_id", Id, primary_key=True),
    Column("application_id", Id, primary_key=True),
    Column("event_type", String(256), primary_key=True),
    Column("accepted", Big, nullable=False),
    Index("message_rollup_by_tenant", "tenant_id", "resolution", "starts_at"),
    Index("message_rollup_by_application", "application_id", "resolution", "starts_at"),
)
"""Counts of accepted messages."""

rollup_position = position_table(metadata)

backlog_sample = Table(
    "backlog_sample",
    metadata,
    Column("resolution", SmallInteger, primary_key=True, autoincrement=False),
    Column("starts_at", Big, primary_key=True, autoincrement=False),
    Column("open_batches", Big, nullable=False),
    Column("oldest_open_ms", Big, nullable=False),
)
"""The largest backlog that was seen in each period: open batches, and the age of the oldest."""

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("application_id", Id, primary_key=True),
    Column("reason", String(256), nullable=False),
    Column("placed_by", Id, nullable=False),
    Column("placed_at", Instant, nullable=False),
)
"""Legal holds. `application_id` is sixteen zero bytes where the hold is on the whole tenant;
`placed_by` is the id of an API key."""

schema_violation = Table(
    "schema_violation",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("event_type", String(256), primary_key=True),
    Column("accepted", Big, nullable=False),
    Column("refused", Big, nullable=False),
    Column("last_at", Instant, nullable=False),
)
"""Messages that violated the schema of their event type, and when the last one did."""

payload_retention = Table(
    "payload_retention",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("application_id", Id, primary_key=True),
    Column("event_type", String(256), primary_key=True),
    Column("hours", Integer, nullable=False),
)
"""How long payloads of an application or of an event type are kept. A row is of one of both:
`application_id` is sixteen zero bytes in those of event types, `event_type` empty in the others."""
