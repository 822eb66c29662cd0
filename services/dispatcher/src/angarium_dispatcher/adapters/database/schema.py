"""The dispatcher's schema, for the migrate command and the check at start."""

from collections.abc import Iterable

import msgspec
from angarium_chassis.database.schema import Schema
from sqlalchemy import Connection, select

from .tables import StoredSecret, endpoints, tables


def _sealed_secrets(connection: Connection, limit: int) -> Iterable[tuple[bytes, bytes]]:
    query = select(endpoints.c.id, endpoints.c.secrets).where(~endpoints.c.deleted)
    for endpoint_id, secrets in connection.execute(query.limit(limit)):
        for secret in msgspec.msgpack.decode(secrets, type=tuple[StoredSecret, ...]):
            yield secret.sealed, endpoint_id


SCHEMA = Schema(
    "dispatcher",
    "angarium_dispatcher",
    tables,
    own_tables=frozenset({"applications", "endpoints", "event_types"}),
    sealed_secrets=_sealed_secrets,
)
