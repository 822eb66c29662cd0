"""Tables whose rows are deleted at a certain age, by the time in their `id`."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, Integer, Select, Table, delete, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .partitions import DAY_MS, Partition, PartitionedTable, partition_days
from .retention_turn import RetentionTurn

SQLITE_ROWS_MAX = 100
"""Rows that one step on SQLite examines: a few milliseconds of the write lock."""
POSTGRES_ROWS_MAX = 1_000

ROWID = literal_column("rowid", Integer)
"""SQLite's internal row number."""
_CTID: ColumnElement[Any] = literal_column("ctid")

log = structlog.get_logger()

type BeforeDrop = Callable[[RetentionTurn, Partition], Awaitable[bool]]
"""Prepares the removal of a partition. Returns whether it may be dropped."""


class RetentionTable:
    """Retention task of a table whose rows are kept for `days`, up to 3,650.

    On Postgres the table is partitioned by ranges of `id` (`partition_by_id`): partitions are
    created ahead, and dropped once all their rows are too old, so rows are kept up to a thirtieth
    longer. On SQLite the oldest rows are deleted.
    """

    def __init__(self, table: Table, *, days: int) -> None:
        self._table = table
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        before = too_old(turn, self._days)
        if not turn.on_postgres:
            await delete_oldest(turn, self._table, before)
            return
        partitions = PartitionedTable(turn, self._table.name)
        await partitions.make_ahead(turn.now_ms, days=partition_days(self._days))
        await drop_expired(turn, partitions, before)
        await empty_default(turn, partitions, before)


def too_old(turn: RetentionTurn, days: int) -> bytes:
    """The id below which rows are older than `days`."""
    return lowest_id_at(turn.now_ms - days * DAY_MS)


async def drop_expired(
    turn: RetentionTurn,
    partitions: PartitionedTable,
    before: bytes,
    prepare: BeforeDrop | None = None,
) -> None:
    """Drop the partitions that end at or below `before`, each if `prepare` allows it."""
    for partition in await partitions.expired(before):
        if prepare is not None and not await prepare(turn, partition):
            continue
        if await turn.drop(partitions, partition):
            log.info("retention.dropped", partition=partition.name)
        else:
            log.info("retention.partition_in_use", partition=partition.name)


async def empty_default(turn: RetentionTurn, partitions: PartitionedTable, before: bytes) -> None:
    """Delete rows below `before` from the default partition, in steps."""
    default = (await partitions.layout()).default
    if default is None:
        return
    statement = (
        f'delete from "{default}" where ctid = any(array(select ctid from "{default}"'  # noqa: S608
        " where id < $1 limit $2 for update skip locked))"
    )

    async def step(connection: AsyncConnection) -> bool:
        done = await connection.exec_driver_sql(statement, (before, POSTGRES_ROWS_MAX))
        return bool(done.rowcount == POSTGRES_ROWS_MAX)

    await turn.repeat(step)


async def delete_rows(
    turn: RetentionTurn,
    table: Table,
    *conditions: ColumnElement[bool],
    key: ColumnElement[Any] | None = None,
    order: ColumnElement[Any] | None = None,
) -> None:
    """Delete the rows that fulfil `conditions`, in steps. Locked rows are left to the next turn.

    An index should serve `conditions` and `order`. `key` is a unique column, which a partitioned
    table needs; without it rows are identified by their physical location.
    """
    at = key if key is not None else (_CTID if turn.on_postgres else ROWID)
    rows_max = POSTGRES_ROWS_MAX if turn.on_postgres else SQLITE_ROWS_MAX
    found = select(at.label("at")).select_from(table).where(*conditions).limit(rows_max)
    if order is not None:
        found = found.order_by(order)
    async with turn.read() as connection:
        if (await connection.execute(found.limit(1))).first() is None:
            return
    chosen: Select[Any] = found
    if turn.on_postgres:
        # A subquery would be evaluated as often as the plan likes; this one once.
        chosen = select(found.with_for_update(skip_locked=True).cte("chosen").c["at"])
    # sqlite3 counts no rows of a statement that begins with a CTE.
    deletion = delete(table).where(at.in_(chosen), *conditions)

    async def step(connection: AsyncConnection) -> bool:
        return (await connection.execute(deletion)).rowcount == rows_max

    await turn.repeat(step)


async def delete_oldest(turn: RetentionTurn, table: Table, before: bytes) -> None:
    """On SQLite, delete the rows below `before` in the order of their insertion.

    That is close to the order of their ids, so the deletion ends at the first `SQLITE_ROWS_MAX`
    rows of which none is too old.
    """
    first = oldest_rows(table)
    async with turn.read() as connection:
        oldest = (await connection.execute(first)).all()
    if not any(row.id < before for row in oldest):
        return

    async def step(connection: AsyncConnection) -> bool:
        rows = (await connection.execute(first)).all()
        expired = [row.row for row in rows if row.id < before]
        if expired:
            await connection.execute(delete(table).where(ROWID.in_(expired)))
        return bool(expired)

    await turn.repeat(step)


def oldest_rows(table: Table, *columns: ColumnElement[Any], after: int = 0) -> Select[Any]:
    """On SQLite, select `row` and `id` of the first rows inserted after row `after`."""
    found = select(ROWID.label("row"), table.c.id, *columns).select_from(table)
    return found.where(after < ROWID).order_by(ROWID).limit(SQLITE_ROWS_MAX)
