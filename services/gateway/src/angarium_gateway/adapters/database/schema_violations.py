"""Numbers of messages that violate the schemas of their event types."""

from collections.abc import Mapping, Sequence

from angarium_chassis.database.engine import Database
from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from angarium_gateway.application.tenants.schema_violations import SchemaViolations

from .failures import journal_failures
from .tables import schema_violation

_row = schema_violation.c


class SchemaViolationTable:
    """Implements the port `StoredSchemaViolations`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._insert = postgres_insert if database.on_postgres else sqlite_insert

    async def add(self, counts: Mapping[tuple[bytes, str], SchemaViolations]) -> None:
        """See the port."""
        # In one order, so that two processes do not wait for each other.
        rows = [
            {
                "tenant_id": tenant_id,
                "event_type": name,
                "accepted": counted.accepted,
                "refused": counted.refused,
                "last_at": counted.last_at,
            }
            for (tenant_id, name), counted in sorted(counts.items(), key=lambda item: item[0])
        ]
        new = self._insert(schema_violation)
        given = new.excluded
        later = case((given.last_at > _row.last_at, given.last_at), else_=_row.last_at)
        statement = new.on_conflict_do_update(
            index_elements=["tenant_id", "event_type"],
            set_={
                "accepted": _row.accepted + given.accepted,
                "refused": _row.refused + given.refused,
                "last_at": later,
            },
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement, rows)

    async def of_event_types(
        self, tenant_id: bytes, names: Sequence[str]
    ) -> Mapping[str, SchemaViolations]:
        """See the port."""
        query = select(schema_violation).where(
            _row.tenant_id == tenant_id, _row.event_type.in_(names)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return {
            row.event_type: SchemaViolations(row.accepted, row.refused, row.last_at) for row in rows
        }

    async def forget(self, tenant_id: bytes, name: str) -> None:
        """See the port."""
        gone = delete(schema_violation).where(_row.tenant_id == tenant_id, _row.event_type == name)
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(gone)
