"""The tables. `attempt` is only appended to; times are microseconds of Unix time."""

from typing import Final

from angarium_chassis.database.columns import Big, Id
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
)

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
    Index("attempt_by_endpoint", "endpoint_id", "id"),
)

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
    Column("fence", Big, nullable=False),
    Column("due_at", Big, nullable=False),
    Index("pending_delivery_by_due", "due_at"),
    Index("pending_delivery_by_endpoint", "endpoint_id", "due_at"),
)

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
)
"""Deliveries that ended because nothing was to be sent to their endpoint any more."""

endpoint_copy: Final = Table(
    "endpoint_copy",
    tables,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("version", Big, nullable=False),
    Column("url", Text, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=True),
    Column("throttle_rate", Integer, nullable=True),
    Column("disabled", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("secrets_expire_at", LargeBinary, nullable=True),
    Column("timeout_s", Double, nullable=True),
    Column("header_names", Text, nullable=False, server_default="webhook"),
    Column("proxy", LargeBinary, nullable=True),
    Column("client_certificate", LargeBinary, nullable=True),
)
"""`secrets` is a msgpack array of sealed secrets, `secrets_expire_at` one of numbers, or null."""

directory_copy: Final = Table(
    "directory_copy",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Big, nullable=False),
)
"""One row, id 1: the directory version that `endpoint_copy` is complete to."""
