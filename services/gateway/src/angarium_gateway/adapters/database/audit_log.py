"""The audit log on either engine."""

from typing import Any

from angarium_chassis.database.engine import Database
from sqlalchemy import Row, insert, select

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.audit_log import AuditEntry

from .failures import journal_failures
from .id_pages import page_of, windowed
from .tables import audit_entry as table


class AuditLogTable:
    """Implements the port `AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def add(self, entry: AuditEntry) -> None:
        """See the port."""
        new = insert(table).values(
            id=entry.id,
            tenant_id=entry.tenant_id,
            key_id=entry.key_id,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            status=entry.status,
            by_portal=entry.by_portal,
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(new)

    async def page(
        self, tenant_id: bytes, window: IdWindow, operation: str | None
    ) -> IdPage[AuditEntry]:
        """See the port."""
        query = select(table).where(table.c.tenant_id == tenant_id)
        if operation is not None:
            query = query.where(table.c.operation == operation)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(windowed(query, table.c.id, window))).all()
        return page_of(rows, window, _entry)


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=bytes(row.id),
        tenant_id=bytes(row.tenant_id),
        key_id=bytes(row.key_id),
        operation=row.operation,
        method=row.method,
        path=row.path,
        status=row.status,
        by_portal=row.by_portal,
    )
