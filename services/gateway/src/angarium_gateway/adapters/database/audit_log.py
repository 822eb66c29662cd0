"""The audit log on either engine."""

from dataclasses import asdict, replace
from typing import Any

from angarium_chassis.database.engine import Database
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.tenants.audit_chain import (
    START,
    ChainedEntry,
    ChainEnd,
    chained_hash,
)
from angarium_gateway.application.tenants.audit_log import AuditEntry

from .failures import journal_failures
from .id_pages import page_of, windowed
from .tables import api_key, audit_chain
from .tables import audit_entry as table

_FIELDS = tuple(AuditEntry.__dataclass_fields__)


class AuditLogTable:
    """Implements the port `AuditLog`. `key` is that of the chains; `add` needs it."""

    def __init__(self, database: Database, key: bytes = b"") -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._insert = postgresql.insert if database.on_postgres else sqlite.insert
        self._key = key

    async def add(self, entry: AuditEntry) -> None:
        """See the port. Entries of one tenant wait for each other: each is hashed with the last."""
        tenant_id = entry.tenant_id
        mine = audit_chain.c.tenant_id == tenant_id
        start = self._insert(audit_chain).values(
            tenant_id=tenant_id, number=0, entry_id=bytes(16), hash=START
        )
        end = select(audit_chain).where(mine).with_for_update()
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(start.on_conflict_do_nothing())
                last = (await connection.execute(end)).one()
                number, previous = last.number + 1, bytes(last.hash)
                chained = replace(entry, id=max(entry.id, _after(bytes(last.entry_id))))
                digest = chained_hash(self._key, previous, number, chained)
                await connection.execute(
                    insert(table).values(
                        **asdict(chained), number=number, previous_hash=previous, hash=digest
                    )
                )
                await connection.execute(
                    update(audit_chain)
                    .where(mine)
                    .values(number=number, entry_id=chained.id, hash=digest)
                )

    async def page(
        self, tenant_id: bytes, window: IdWindow, operation: str | None
    ) -> IdPage[ChainedEntry]:
        """See the port."""
        actor = func.coalesce(api_key.c.email, api_key.c.subject, api_key.c.name).label("actor")
        query = (
            select(table, actor)
            .join_from(table, api_key, table.c.key_id == api_key.c.id, isouter=True)
            .where(table.c.tenant_id == tenant_id)
        )
        if operation is not None:
            query = query.where(table.c.operation == operation)
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(windowed(query, table.c.id, window))).all()
        return page_of(rows, window, _chained)

    async def end(self, tenant_id: bytes) -> ChainEnd | None:
        """The end of a tenant's chain; None if it has no entries."""
        query = select(audit_chain).where(audit_chain.c.tenant_id == tenant_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        return None if row is None else ChainEnd(row.number, bytes(row.entry_id), bytes(row.hash))


def _after(entry_id: bytes) -> bytes:
    return (int.from_bytes(entry_id) + 1).to_bytes(16)


def _chained(row: Row[Any]) -> ChainedEntry:
    values = {name: getattr(row, name) for name in _FIELDS}
    ids = {name: bytes(values[name]) for name in ("id", "tenant_id", "key_id")}
    hashes = [None if each is None else bytes(each) for each in (row.previous_hash, row.hash)]
    previous, digest = hashes
    return ChainedEntry(AuditEntry(**values | ids), row.number, previous, digest, row.actor)
