"""The retention periods of tenants, stored with the tenants."""

from collections.abc import Sequence

from angarium_chassis.database.engine import Database
from angarium_contracts.retention import TenantRetention
from sqlalchemy import select, update

from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX

from .failures import journal_failures
from .tables import tenant


class TenantRetentionColumn:
    """Implements the port `TenantRetentions`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def find(self, tenant_id: bytes) -> int | None:
        """See the port."""
        query = select(tenant.c.retention_days).where(tenant.c.id == tenant_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                days: int | None = await connection.scalar(query)
        return days

    async def set(self, tenant_id: bytes, days: int | None) -> None:
        """See the port."""
        statement = update(tenant).where(tenant.c.id == tenant_id).values(retention_days=days)
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement)

    async def page(self, after: bytes | None) -> Sequence[TenantRetention]:
        """See the port."""
        query = (
            select(tenant.c.id, tenant.c.retention_days)
            .where(tenant.c.retention_days.is_not(None))
            .order_by(tenant.c.id)
            .limit(PAGE_MAX)
        )
        if after is not None:
            query = query.where(tenant.c.id > after)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [TenantRetention(bytes(row.id), row.retention_days) for row in rows]
