"""Legal holds in the database, and the conditions by which retention observes them."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_contracts.retention import LegalHold as HeldRows
from sqlalchemy import ColumnElement, Row, Select, Table, and_, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX

from .failures import journal_failures
from .tables import application_copy, legal_hold

ALL_APPLICATIONS = bytes(16)
"""In the place of an application's id: the hold is on the whole tenant."""

_hold = legal_hold.c


class StoredLegalHolds:
    """Implements the port `LegalHolds`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def place(self, hold: LegalHold) -> None:
        """See the port."""
        values = {
            "tenant_id": hold.tenant_id,
            "application_id": hold.application_id or ALL_APPLICATIONS,
            "reason": hold.reason,
            "placed_by": hold.placed_by,
            "placed_at": hold.placed_at,
        }
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(
                    delete(legal_hold).where(
                        _hold.tenant_id == hold.tenant_id,
                        _hold.application_id == values["application_id"],
                    )
                )
                await connection.execute(insert(legal_hold).values(**values))

    async def find(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        """See the port."""
        query = select(legal_hold).where(
            _hold.tenant_id == tenant_id,
            _hold.application_id == (application_id or ALL_APPLICATIONS),
        )
        return await self._one(query)

    async def lift(self, tenant_id: bytes, application_id: bytes | None) -> None:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(
                    delete(legal_hold).where(
                        _hold.tenant_id == tenant_id,
                        _hold.application_id == (application_id or ALL_APPLICATIONS),
                    )
                )

    async def page(self, after: HeldRows | None) -> Sequence[HeldRows]:
        """See the port."""
        query = select(_hold.tenant_id, _hold.application_id)
        if after is not None:
            within = _hold.application_id > (after.application_id or ALL_APPLICATIONS)
            query = query.where(
                or_(
                    _hold.tenant_id > after.tenant_id,
                    and_(_hold.tenant_id == after.tenant_id, within),
                )
            )
        query = query.order_by(_hold.tenant_id, _hold.application_id).limit(PAGE_MAX)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [HeldRows(bytes(row.tenant_id), _application_id(row.application_id)) for row in rows]

    async def applying(self, tenant_id: bytes, application_id: bytes | None) -> LegalHold | None:
        """See the port."""
        query = select(legal_hold).where(_hold.tenant_id == tenant_id)
        if application_id is not None:
            query = query.where(_hold.application_id.in_([application_id, ALL_APPLICATIONS]))
        return await self._one(query.order_by(_hold.application_id).limit(1))

    async def _one(self, query: Select[Any]) -> LegalHold | None:
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        return None if row is None else _of(row)


def not_held(table: Table) -> ColumnElement[bool]:
    """The rows of a table with `tenant_id` and `application_id` that no hold keeps."""
    row = table.c
    applies = or_(
        _hold.application_id == row.application_id, _hold.application_id == ALL_APPLICATIONS
    )
    return ~exists(select(_hold.reason).where(_hold.tenant_id == row.tenant_id, applies))


def application_not_held(application_id: ColumnElement[bytes]) -> ColumnElement[bool]:
    """The rows of a table without `tenant_id` that no hold keeps."""
    of_tenant = select(application_copy.c.tenant_id).where(application_copy.c.id == application_id)
    on_tenant = and_(
        _hold.application_id == ALL_APPLICATIONS,
        _hold.tenant_id == of_tenant.correlate_except(application_copy).scalar_subquery(),
    )
    applies = or_(_hold.application_id == application_id, on_tenant)
    return ~exists(select(_hold.reason).where(applies))


async def keeps_rows_of(connection: AsyncConnection, table: Table) -> bool:
    """True if a hold keeps rows of the table."""
    if (await connection.execute(select(_hold.tenant_id).limit(1))).first() is None:
        return False
    held = select(table.c.tenant_id).where(~not_held(table)).limit(1)
    return (await connection.execute(held)).first() is not None


def _of(row: Row[Any]) -> LegalHold:
    return LegalHold(
        tenant_id=bytes(row.tenant_id),
        application_id=_application_id(row.application_id),
        reason=row.reason,
        placed_by=bytes(row.placed_by),
        placed_at=row.placed_at,
    )


def _application_id(stored: bytes) -> bytes | None:
    return None if stored == ALL_APPLICATIONS else bytes(stored)
