"""The table of open batches, on either engine."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_chassis.database.single_statements import PooledStatements
from angarium_contracts.hot_path import AcceptedMessage
from sqlalchemy import (
    ARRAY,
    LargeBinary,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.publish.batch_store import LOADED_MAX, Heartbeat, StoredBatch
from angarium_gateway.domain.batch_states import LOADED, BatchChange, BatchState

from .failures import journal_failures
from .message_rows import accepted_of, message_of
from .tables import application_copy, batch, message, replica

SET_ASIDE = "set-aside"
"""The owner of batches that no gateway publishes; see `BatchState.SET_ASIDE`."""
_COLUMNS: dict[BatchState, dict[str, Any]] = {
    BatchState.UNPUBLISHED: {"published": False},
    BatchState.PUBLISHED: {"published": True},
    BatchState.SET_ASIDE: {"owner": SET_ASIDE, "published": True},
}
"""The columns that store each state of an open batch."""
_CLOSE = "delete from batch where id = any($2::bytea[]) and owner = $1"
LISTED_MAX = 10_000
ADOPTED_MAX = 5_000


class BatchTable:
    """Implements the port `BatchStore`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._on_postgres = database.on_postgres
        # SQLAlchemy compiles a statement for each number of ids, and sends BEGIN and COMMIT.
        self._statements = PooledStatements(database.engine) if database.on_postgres else None
        self._now_us = clock_us(on_postgres=database.on_postgres)

    async def unpublished(self, owner: str, *, bytes_max: int) -> list[StoredBatch]:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                rows = await self._oldest_that_fit(connection, owner, bytes_max)
                if not rows:
                    return []
                ids = [row.id for row in rows]
                await connection.execute(
                    update(batch).where(batch.c.id.in_(ids)).values(_columns(LOADED))
                )
                messages = await self._messages_of(connection, rows)
        return [_stored(row, messages) for row in rows]

    async def published(self, owner: str) -> list[bytes]:
        """See the port."""
        query = (
            select(batch.c.id)
            .where(batch.c.owner == owner, batch.c.published.is_(True))
            .order_by(batch.c.id)
            .limit(LISTED_MAX)
        )
        with journal_failures():
            async with self._engine.execution_options(read_only=True).connect() as connection:
                return [bytes(batch_id) for batch_id in await connection.scalars(query)]

    async def change(self, owner: str, ids: Sequence[bytes], change: BatchChange) -> None:
        """See the port."""
        mine = batch.c.id.in_(ids), batch.c.owner == owner
        await self._write(update(batch).where(*mine).values(_columns(change)))

    async def close(self, owner: str, ids: Sequence[bytes]) -> None:
        """See the port."""
        if self._statements is not None:
            with journal_failures():
                await self._statements.fetch(_CLOSE, owner, ids)
            return
        await self._write(delete(batch).where(batch.c.id.in_(ids), batch.c.owner == owner))

    async def heartbeat(self, owner: str, *, dead_after_s: float) -> Heartbeat:
        """See the port."""
        silent = replica.c.seen_at <= self._now_us - int(dead_after_s * 1_000_000)
        with journal_failures():
            async with self._engine.begin() as connection:
                seen = await connection.execute(
                    update(replica).where(replica.c.id == owner).values(seen_at=self._now_us)
                )
                if not seen.rowcount:
                    await connection.execute(insert(replica).values(id=owner, seen_at=self._now_us))
                dead = await connection.scalar(
                    select(func.count()).select_from(replica).where(silent)
                )
        return Heartbeat(known=bool(seen.rowcount), dead=dead or 0)

    async def adopt(self, owner: str, *, dead_after_s: float) -> int:
        """See the port."""
        dead_since = self._now_us - int(dead_after_s * 1_000_000)
        alive = select(replica.c.id).where(replica.c.seen_at > dead_since)
        orphans = (
            select(batch.c.id)
            .where(batch.c.owner != SET_ASIDE, batch.c.owner.not_in(alive))
            .limit(ADOPTED_MAX)
            .with_for_update(skip_locked=True)
        )
        adoption = (
            update(batch)
            .where(batch.c.id.in_(orphans.scalar_subquery()))
            .values(
                _COLUMNS[BatchState.UNPUBLISHED]
                | {
                    "owner": owner,
                    # What may have been published counts as republished: workers look it up.
                    "publication": batch.c.publication + case((batch.c.published, 1), else_=0),
                }
            )
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                adopted = (await connection.execute(adoption)).rowcount
                if adopted < ADOPTED_MAX:
                    await connection.execute(delete(replica).where(replica.c.seen_at <= dead_since))
        return adopted

    async def retire(self, owner: str) -> None:
        """See the port."""
        await self._write(update(replica).where(replica.c.id == owner).values(seen_at=0))

    async def _write(self, statement: Any) -> None:
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(statement)

    async def _oldest_that_fit(
        self, connection: AsyncConnection, owner: str, bytes_max: int
    ) -> list[Any]:
        oldest = await connection.execute(
            select(batch)
            .where(batch.c.owner == owner, batch.c.published.is_(False))
            .order_by(batch.c.id)
            .limit(LOADED_MAX)
            .with_for_update()
        )
        fitting: list[Any] = []
        for row in oldest:
            bytes_max -= row.bytes
            if fitting and bytes_max < 0:
                break
            fitting.append(row)
        return fitting

    async def _messages_of(
        self, connection: AsyncConnection, rows: Sequence[Any]
    ) -> dict[bytes, AcceptedMessage]:
        """The messages of batches by their 32-byte references, with the current versions of their
        applications."""
        references = [reference for row in rows for reference in _references(row)]
        ids = [reference[16:] for reference in references]
        query = (
            select(message, func.coalesce(application_copy.c.version, 0).label("version"))
            .select_from(
                message.outerjoin(
                    application_copy, application_copy.c.id == message.c.application_id
                )
            )
            .where(
                tuple_(message.c.application_id, message.c.id).in_(self._keys(references)),
                # As values, so that the partitions of other times are not looked into.
                message.c.id.between(min(ids), max(ids)),
                # Nothing is left to send of a message whose payload was deleted.
                message.c.expunged_at.is_(None),
            )
        )
        return {
            bytes(row.application_id) + bytes(row.id): accepted_of(message_of(row), row.version)
            for row in await connection.execute(query)
        }

    def _keys(self, references: Sequence[bytes]) -> Any:
        """The application id and message id of each reference, as the operand of `IN`."""
        application_ids = [reference[:16] for reference in references]
        message_ids = [reference[16:] for reference in references]
        if not self._on_postgres:
            return list(zip(application_ids, message_ids, strict=True))
        # Postgres nests a list of pairs as deep as it is long, until its stack is full.
        arrays = (literal(ids, ARRAY(LargeBinary)) for ids in (application_ids, message_ids))
        pairs = func.unnest(*arrays).table_valued("application_id", "message_id").render_derived()
        return select(pairs.c.application_id, pairs.c.message_id)


def _columns(change: BatchChange) -> dict[str, Any]:
    values = dict(_COLUMNS[change.target])
    if change.republished:
        values["publication"] = batch.c.publication + 1
    return values


def _references(row: Any) -> list[bytes]:
    refs = bytes(row.message_refs)
    return [refs[start : start + 32] for start in range(0, len(refs), 32)]


def _stored(row: Any, messages: dict[bytes, AcceptedMessage]) -> StoredBatch:
    found = tuple(messages[reference] for reference in _references(row) if reference in messages)
    return StoredBatch(bytes(row.id), row.stream_number, row.publication, row.bytes, found)
