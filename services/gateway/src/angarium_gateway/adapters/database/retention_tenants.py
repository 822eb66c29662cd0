"""The retention periods of tenants, stored with the tenants."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from angarium_chassis.database.engine import Database
from angarium_contracts.retention import TenantRetention
from sqlalchemy import ColumnElement, func, literal, select, update

from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX

from .failures import journal_failures
from .tables import tenant

ERASED_FOR_DAYS = 7
"""For so long after its deletion, what comes in late of a tenant is erased."""


def _long_gone(now: datetime) -> ColumnElement[bool]:
    deleted_at = func.coalesce(tenant.c.deleted_at, literal(now, tenant.c.deleted_at.type))
    return deleted_at < literal(now - timedelta(days=ERASED_FOR_DAYS), tenant.c.deleted_at.type)


class TenantRetentionColumn:
    """Implements the port `TenantRetentions`."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._now = now
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
        # A deleted tenant keeps nothing, whatever a last request of it asks for.
        living = tenant.c.deleted_at.is_(None)
        statement = (
            update(tenant).where(tenant.c.id == tenant_id, living).values(retention_days=days)
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement)

    async def page(self, after: bytes | None) -> Sequence[TenantRetention]:
        """See the port."""
        query = (
            select(tenant.c.id, tenant.c.retention_days)
            .where(tenant.c.retention_days.is_not(None), ~_long_gone(self._now()))
            .order_by(tenant.c.id)
            .limit(PAGE_MAX)
        )
        if after is not None:
            query = query.where(tenant.c.id > after)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [TenantRetention(bytes(row.id), row.retention_days) for row in rows]
