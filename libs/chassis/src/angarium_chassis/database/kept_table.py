"""A table whose rows go when they are so many days old, by the time in their `id`."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, Integer, Select, Table, delete, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .partitions import DAY_MS, Partition, PartitionedTable, partition_days
from .retention_turn import RetentionTurn

SQLITE_ROWS_MAX = 100
"""Rows that one step on SQLite looks at: a few milliseconds of the write lock."""
POSTGRES_ROWS_MAX = 1_000

ROWID = literal_column("rowid", Integer)
"""SQLite's own number of a row."""
_CTID: ColumnElement[Any] = literal_column("ctid")

log = structlog.get_logger()

type BeforeDrop = Callable[[RetentionTurn, Partition], Awaitable[bool]]
"""What goes before a partition does; whether the partition may be dropped."""


class KeptTable:
    """A retention chore: makes partitions ahead and drops those that are too old on Postgres,
    and deletes the oldest rows on SQLite.

    On Postgres the table is partitioned by ranges of `id` (`partition_by_id`); rows are kept for
    up to a thirtieth longer, until their whole partition is too old. `days` may be up to 3,650.
    """

    def __init__(self, table: Table, *, days: int) -> None:
        self._table = table
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `Chore`."""
        before = too_old(turn, self._days)
        if not turn.on_postgres:
            await delete_oldest(turn, self._table, before)
            return
        partitions = PartitionedTable(turn, self._table.name)
        await partitions.make_ahead(turn.now_ms, days=partition_days(self._days))
        await drop_expired(turn, partitions, before)
        await empty_default(turn, partitions, before)


def too_old(turn: RetentionTurn, days: int) -> bytes:
    """What lies below this id is older than so many days."""
    return lowest_id_at(turn.now_ms - days * DAY_MS)


async def drop_expired(
    turn: RetentionTurn,
    partitions: PartitionedTable,
    before: bytes,
    prepare: BeforeDrop | None = None,
) -> None:
    """Drop the partitions that end at `before` or earlier, each after `prepare` allowed it."""
    for partition in await partitions.expired(before):
        if prepare is not None and not await prepare(turn, partition):
            continue
        if await turn.drop(partitions, partition):
            log.info("retention.dropped", partition=partition.name)
        else:
            log.info("retention.partition_in_use", partition=partition.name)


async def empty_default(turn: RetentionTurn, partitions: PartitionedTable, before: bytes) -> None:
    """Delete rows below `before` that no partition was there for, in steps."""
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
    """Delete the rows for which `conditions` hold, in steps, by an index that they and `order` go
    by. Rows that somebody has locked are left to the next turn.

    `key` tells the rows apart that fulfil the conditions; None: by where they lie, which a
    partitioned table cannot.
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
    """On SQLite: delete the rows below `before`, in the order in which they came in.

    That is close to the order of their ids: the walk ends at `SQLITE_ROWS_MAX` rows of which
    none is too old.
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
    """On SQLite: the first rows that came in after row `after`, with their `row` and `id`."""
    found = select(ROWID.label("row"), table.c.id, *columns).select_from(table)
    return found.where(after < ROWID).order_by(ROWID).limit(SQLITE_ROWS_MAX)
