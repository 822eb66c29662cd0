"""The worker's schema and its history."""

from collections.abc import Iterable

import msgspec
from angarium_chassis.database.schema import Schema
from sqlalchemy import Connection, select

from .tables import endpoint_copy, tables


def _sealed_secrets(connection: Connection, limit: int) -> Iterable[tuple[bytes, bytes]]:
    query = select(endpoint_copy.c.id, endpoint_copy.c.secrets).where(~endpoint_copy.c.deleted)
    for endpoint_id, secrets in connection.execute(query.limit(limit)):
        for sealed in msgspec.msgpack.decode(secrets, type=tuple[bytes, ...]):
            yield sealed, endpoint_id


SCHEMA = Schema(
    "worker",
    "angarium_worker",
    tables,
    own_tables=frozenset({"attempt", "pending_delivery", "endpoint_copy"}),
    sealed_secrets=_sealed_secrets,
)
