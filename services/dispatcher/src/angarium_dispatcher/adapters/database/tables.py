"""The dispatcher's tables.

Rows of deleted applications and endpoints stay as tombstones, emptied of all but their ids, so
that a copy of the directory learns of the deletion however late it asks. A tenant's policy takes
the next version, counted over all tenants in the order of commits, whenever the policy or a
schedule of the tenant's event types changes. Operational events stay until the gateway has
accepted them.
"""

from datetime import datetime
from typing import Any, override

import msgspec
from angarium_chassis.database.columns import Big, Id, Instant
from angarium_chassis.database.sealed_columns import Change, sealed
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    true,
)
from sqlalchemy.types import TypeDecorator


class JsonText(TypeDecorator[Any]):
    """A value of one msgspec type, stored as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any = None) -> None:
        super().__init__()
        self.kind = kind
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind or Any)

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._decoder.decode(value)


class StoredSecret(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signing secret of an endpoint, sealed. `expires_at`: Unix time in seconds; 0: never."""

    sealed: bytes
    expires_at: float = 0.0


def _in_stored_secrets(stored: bytes, change: Change) -> bytes:
    secrets = msgspec.msgpack.decode(stored, type=tuple[StoredSecret, ...])
    changed = [msgspec.structs.replace(each, sealed=change(each.sealed)) for each in secrets]
    return msgspec.msgpack.encode(changed)


NAMES = JsonText(tuple[str, ...])
DELAYS_S = JsonText(tuple[float, ...])
INGEST_TOKENS = JsonText(tuple[tuple[str, float], ...])
METADATA = JsonText(dict[str, str])
CERTIFICATES = JsonText(tuple[tuple[str, datetime], ...])
ByteOrderedName = String(256, collation="C").with_variant(String(256), "sqlite")
"""Text in the order of its bytes on both engines, whatever the server's locale."""

tables = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

directory_version = Table(
    "directory_version",
    tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Big, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

applications = Table(
    "applications",
    tables,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("version", Big, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("uid", ByteOrderedName),
    Column("name", Text, nullable=False),
    Column("throttle_rate", Integer),
    Column("metadata", METADATA, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("weight", Integer, nullable=False, server_default="1"),
    Column("kind", String(16), nullable=False, server_default="application"),
    Column("source_type", String(32)),
    Column("sealed_source_config", LargeBinary, info=sealed()),
    Column("sealed_ingest_token", LargeBinary, info=sealed()),
    Column("ingest_tokens", INGEST_TOKENS),
)
Index(
    "ix_applications_tenant_id_kind_id",
    applications.c.tenant_id,
    applications.c.kind,
    applications.c.id,
)
Index(
    "uq_applications_tenant_id_kind_uid",
    applications.c.tenant_id,
    applications.c.kind,
    applications.c.uid,
    unique=True,
)
Index("ix_applications_version", applications.c.version)

endpoints = Table(
    "endpoints",
    tables,
    Column("id", Id, primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, ForeignKey("applications.id"), nullable=False),
    Column("version", Big, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("uid", ByteOrderedName),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("throttle_rate", Integer),
    Column("event_types", NAMES),
    Column("channels", NAMES),
    Column("metadata", METADATA, nullable=False),
    Column("secrets", LargeBinary, nullable=False, info=sealed(_in_stored_secrets)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("sealed_headers", LargeBinary, info=sealed()),
    Column("timeout_s", Double),
    Column("header_names", String(16), nullable=False, server_default="webhook"),
    Column("sealed_proxy", LargeBinary, info=sealed()),
    Column("proxy_shown", Text),
    Column("sealed_certificate", LargeBinary, info=sealed()),
    Column("certificate_subject", Text),
    Column("certificate_expires_at", Instant),
    Column("disabled_reason", Text),
    Column("fifo", Boolean, nullable=False, server_default=false()),
    Column("concurrency_max", Integer),
    Column("retry_delays_s", DELAYS_S),
    Column("application_throttle_rate", Integer),
    Column("filter", Text),
    Column("payload_format", String(32), nullable=False, server_default="plain"),
    Column("content_type", Text),
    Column("event_source", Text),
    Column("handshake", Boolean, nullable=False, server_default=false()),
    Column("sealed_authentication", LargeBinary, info=sealed()),
    Column("authentication_shown", METADATA),
    Column("sealed_ca", LargeBinary, info=sealed()),
    Column("ca_shown", CERTIFICATES),
    Column("receiver_control", Boolean, nullable=False, server_default=true()),
    Column("keep_while_disabled", Boolean, nullable=False, server_default=false()),
    Column("kept_since", Instant),
)
_live = endpoints.c.deleted == false()
Index(
    "ix_endpoints_application_id_id",
    endpoints.c.application_id,
    endpoints.c.id,
    postgresql_where=_live,
    sqlite_where=_live,
)
Index("uq_endpoints_application_id_uid", endpoints.c.application_id, endpoints.c.uid, unique=True)
Index("ix_endpoints_version", endpoints.c.version)

metadata_members = Table(
    "metadata_members",
    tables,
    Column("scope", Id, primary_key=True),
    Column("member", Id, primary_key=True),
    Column("owner_id", Id, primary_key=True),
)
Index("ix_metadata_members_owner_id", metadata_members.c.owner_id)

event_types = Table(
    "event_types",
    tables,
    Column("tenant_id", Id, primary_key=True),
    Column("name", ByteOrderedName, primary_key=True),
    Column("description", Text, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("deprecated", Boolean, nullable=False),
    Column("feature_flag", Text),
    Column("schemas", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("retry_delays_s", DELAYS_S),
    Column("feature_flags", NAMES),
    Column("group_name", Text),
)
_scheduled = event_types.c.retry_delays_s.is_not(None)
Index(
    "ix_event_types_tenant_id_scheduled",
    event_types.c.tenant_id,
    postgresql_where=_scheduled,
    sqlite_where=_scheduled,
)

tenant_policy = Table(
    "tenant_policy",
    tables,
    Column("tenant_id", Id, primary_key=True),
    Column("version", Big, nullable=False),
    Column("retry_delays_s", DELAYS_S),
    Column("header_names", String(16)),
    Column("require_event_types", Boolean),
)
Index("uq_tenant_policy_version", tenant_policy.c.version, unique=True)

operational_event = Table(
    "operational_event",
    tables,
    Column("id", Id, primary_key=True),
    Column("type", String(64), nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("application_id", Id, nullable=False),
    Column("endpoint_id", Id, nullable=False),
    Column("endpoint_uid", ByteOrderedName),
    Column("failing_since", Instant),
    Column("kept_since", Instant),
)
