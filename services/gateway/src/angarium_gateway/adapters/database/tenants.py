"""Tenants in the gateway's database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from angarium_chassis.database.engine import Database
from sqlalchemy import ColumnElement, Row, and_, case, insert, literal, null, select, update
from sqlalchemy.exc import IntegrityError

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.tenants import NameTaken, Tenant
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.quotas import TenantQuotas

from .failures import journal_failures
from .id_pages import page_of, windowed
from .quota_columns import quotas_of_tenant
from .tables import tenant

_LIVE = tenant.c.deleted_at.is_(None)
ERASED_AT_ONCE = 10


class TenantTable:
    """Implements the ports `Tenants` and `DeletedTenants`."""

    def __init__(
        self, database: Database, *, make_id: Callable[[], bytes], now: Callable[[], datetime]
    ) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._make_id = make_id
        self._now = now

    async def create(self, name: str) -> Tenant:
        """See the port."""
        created = Tenant(self._make_id(), name, self._now())
        new = insert(tenant).values(id=created.id, name=name, created_at=created.created_at)
        try:
            with journal_failures():
                async with self._engine.begin() as connection:
                    await connection.execute(new)
        except JournalUnavailable as error:
            raise _taken(error, name) from None
        return created

    async def get(self, tenant_id: bytes) -> Tenant | None:
        """See the port."""
        return await self._find(tenant.c.id == tenant_id)

    async def named(self, name: str) -> Tenant | None:
        """See the port."""
        return await self._find(and_(tenant.c.name == name, _LIVE))

    async def id_of(self, name: str) -> bytes | None:
        """See the port `TenantNames`."""
        found = await self.named(name)
        return None if found is None else found.id

    async def page(self, window: IdWindow) -> IdPage[Tenant]:
        """See the port."""
        with journal_failures():
            async with self._reading.connect() as connection:
                query = windowed(select(tenant).where(_LIVE), tenant.c.id, window)
                rows = (await connection.execute(query)).all()
        return page_of(rows, window, _tenant)

    async def rename(self, tenant_id: bytes, name: str) -> Tenant | None:
        """See the port."""
        try:
            return await self._change(tenant_id, name=name)
        except JournalUnavailable as error:
            raise _taken(error, name) from None

    async def suspend(self, tenant_id: bytes, *, suspended: bool) -> Tenant | None:
        """See the port. A tenant that is suspended already keeps the time."""
        if not suspended:
            return await self._change(tenant_id, suspended_at=null())
        now = literal(self._now(), tenant.c.suspended_at.type)
        kept = case((tenant.c.suspended_at.is_(None), now), else_=tenant.c.suspended_at)
        return await self._change(tenant_id, suspended_at=kept)

    async def limit(self, tenant_id: bytes, quotas: TenantQuotas) -> Tenant | None:
        """See the port."""
        return await self._change(tenant_id, **asdict(quotas))

    async def delete(self, tenant_id: bytes) -> Tenant | None:
        """See the port."""
        deleted = await self._change(
            tenant_id,
            name=f"deleted {tenant_id.hex()}",
            deleted_at=self._now(),
            retention_days=0,
        )
        return deleted or await self.get(tenant_id)

    async def to_erase(self, *, grace_s: int) -> Sequence[bytes]:
        """See the port `DeletedTenants`."""
        query = (
            select(tenant.c.id)
            .where(
                tenant.c.deleted_at < self._now() - timedelta(seconds=grace_s),
                tenant.c.erased_at.is_(None),
            )
            .limit(ERASED_AT_ONCE)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                return [bytes(each) for each in await connection.scalars(query)]

    async def erased(self, tenant_id: bytes) -> None:
        """See the port `DeletedTenants`."""
        change = update(tenant).where(tenant.c.id == tenant_id).values(erased_at=self._now())
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(change)

    async def _find(self, named: ColumnElement[bool]) -> Tenant | None:
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(select(tenant).where(named))).one_or_none()
        return None if row is None else _tenant(row)

    async def _change(self, tenant_id: bytes, **values: Any) -> Tenant | None:
        change = update(tenant).where(tenant.c.id == tenant_id, _LIVE).values(**values)
        with journal_failures():
            async with self._engine.begin() as connection:
                row = (await connection.execute(change.returning(tenant))).one_or_none()
        return None if row is None else _tenant(row)


def _taken(error: JournalUnavailable, name: str) -> Exception:
    return NameTaken(name) if isinstance(error.__cause__, IntegrityError) else error


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        id=bytes(row.id),
        name=row.name,
        created_at=row.created_at,
        suspended_at=row.suspended_at,
        deleted_at=row.deleted_at,
        quotas=quotas_of_tenant(row),
    )
