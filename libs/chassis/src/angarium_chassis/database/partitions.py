"""Postgres tables that are partitioned by the time in their ids.

A row's day is in its 16-byte id (UUIDv7), so a range of ids is a range of time, and what is too
old goes as a whole partition. Rows that no partition is there for go to the default partition:
an insert never fails for want of one.

Every change of partitions waits for its locks for `LOCK_TIMEOUT_MS` at most, and so does whatever
queues up behind it; it is tried again later instead.
"""

import re
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

DAY_MS = 86_400_000
AHEAD_DAYS = 3
PARTITIONS_OF_RETENTION = 30
LOCK_TIMEOUT_MS = 50
CHANGE_TIMEOUT_MS = 10_000
MOVED_MAX = 50_000
"""Rows of the default partition that a new one takes over at most."""

LOWEST_ID, HIGHEST_ID = bytes(16), b"\xff" * 17
"""No id lies below the first, or reaches the second."""

_LATER = {
    "55P03",  # a lock could not be had in time
    "40P01",  # nor would it ever
    "57014",  # there is more to look through than `CHANGE_TIMEOUT_MS` allows
    "23514",  # a row came into the default partition meanwhile
}
_BOUND = re.compile(r"FOR VALUES FROM \((.+)\) TO \((.+)\)")
_PARTITIONS = text(
    """
    select partition.relname, pg_get_expr(partition.relpartbound, partition.oid)
    from pg_inherits
    join pg_class as partition on partition.oid = pg_inherits.inhrelid
    where pg_inherits.inhparent = to_regclass(:name)
    """
)

log = structlog.get_logger()


class Transactions(Protocol):
    """Where statements run: an `AsyncEngine`, or a `RetentionTurn`."""

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that commits at its end."""
        ...


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows with ids from `low` (inclusive) to `high` (exclusive)."""

    name: str
    low: bytes
    high: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's partitions in the order of time, and the name of its default partition."""

    bounded: Sequence[Partition]
    default: str | None


def partition_days(retention_days: int) -> int:
    """How many days a partition spans: a thirtieth of the retention, so that what must look into
    all of them looks into some thirty."""
    return max(1, retention_days // PARTITIONS_OF_RETENTION)


def partition_name(table: str, low_ms: int) -> str:
    """The name of the partition that begins at this time."""
    return f"{table}_from_{datetime.fromtimestamp(low_ms / 1000, UTC):%Y%m%d}"


def range_bounds(low: bytes, high: bytes) -> str:
    """The bounds of a partition as a statement has them."""
    return f"for values from ({_literal(low)}) to ({_literal(high)})"


def ranges_ahead(
    newest_end: bytes | None, now_ms: int, *, days: int, ahead_days: int = AHEAD_DAYS
) -> list[tuple[int, int]]:
    """The partitions (first and end, Unix ms) that have to be made so that there is one for each
    moment of the next `ahead_days`. `newest_end`: where those that are there end; None: none is.
    They end at whole spans of `days` UTC days. What lies before today is nobody's any more."""
    today_ms = now_ms // DAY_MS * DAY_MS
    start_ms = today_ms
    if newest_end is not None:
        start_ms = max(today_ms, -(-int.from_bytes(newest_end[:6]) // DAY_MS) * DAY_MS)
    span_ms = days * DAY_MS
    ranges = []
    while start_ms <= now_ms + ahead_days * DAY_MS:
        end_ms = (start_ms // span_ms + 1) * span_ms
        ranges.append((start_ms, end_ms))
        start_ms = end_ms
    return ranges


def is_no_partition(name: str | None, kind: str, _: object) -> bool:
    """For Alembic's `include_name`: partitions are not declared, their table is."""
    return kind != "table" or name is None or not re.search(r"_(from_\d{8}|before|default)$", name)


class PartitionedTable:
    """The partitions of one table, whose ids are in the column `id`. On Postgres only.

    Its methods raise SQLAlchemy's errors. Names of tables are the program's own.
    """

    def __init__(self, transactions: Transactions, table: str) -> None:
        self._transactions = transactions
        self.table = table

    async def layout(self) -> Layout:
        """The partitions as they are."""
        async with self._transactions.begin() as connection:
            rows = (await connection.execute(_PARTITIONS, {"name": self.table})).all()
        bounded, default = [], None
        for name, bounds in rows:
            if bounds == "DEFAULT":
                default = name
            elif found := _BOUND.fullmatch(bounds):
                bounded.append(Partition(name, _read(found[1]), _read(found[2])))
        return Layout(sorted(bounded, key=lambda each: each.low), default)

    async def make_ahead(self, now_ms: int, *, days: int) -> int:
        """Make the partitions that are missing; how many were made. One that cannot be made now
        is left out: its rows go to the default partition, and it is tried again next time."""
        layout = await self.layout()
        if layout.default is None:
            await _unless_busy(self._make_default())
            layout = await self.layout()
        end = layout.bounded[-1].high if layout.bounded else None
        made = 0
        for low_ms, high_ms in ranges_ahead(end, now_ms, days=days):
            made += await _unless_busy(self._make(layout.default, low_ms, high_ms))
        return made

    async def expired(self, before: bytes) -> list[Partition]:
        """The partitions all of whose ids lie below `before`, oldest first."""
        return [each for each in (await self.layout()).bounded if each.high <= before]

    async def drop(self, partition: Partition) -> bool:
        """Drop it with its rows; False: others use the table, try again."""
        return await _unless_busy(self._change([f'drop table if exists "{partition.name}"']))

    async def _make_default(self) -> bool:
        name = f"{self.table}_default"
        return await self._change([f'create table "{name}" partition of "{self.table}" default'])

    async def _make(self, default: str | None, low_ms: int, high_ms: int) -> bool:
        name = partition_name(self.table, low_ms)
        low, high = lowest_id_at(low_ms), lowest_id_at(high_ms)
        like = "including defaults including constraints including indexes including storage"
        statements = [f'create table "{name}" (like "{self.table}" {like} including compression)']
        waiting = 0 if default is None else await self._count(default, low, high)
        if waiting > MOVED_MAX:
            log.warning("partitions.left_to_default", table=self.table, partition=name)
            return False
        if waiting:
            within = f"id >= {_literal(low)} and id < {_literal(high)}"
            moved = f'delete from "{default}" where {within} returning *'  # noqa: S608 - our own
            statements += [
                # What attaching takes anyway; asked for only then, it could deadlock.
                f'lock table only "{default}" in access exclusive mode',
                f'with moved as ({moved}) insert into "{name}" select * from moved',  # noqa: S608
            ]
        bounds = range_bounds(low, high)
        statements.append(f'alter table "{self.table}" attach partition "{name}" {bounds}')
        return await self._change(statements)

    async def _count(self, default: str, low: bytes, high: bytes) -> int:
        """How many rows of the default partition are in the range, up to one over the most."""
        query = text(
            f'select count(*) from (select 1 from "{default}"'  # noqa: S608 - our own name
            " where id >= :low and id < :high limit :most) as found"
        )
        values = {"low": low, "high": high, "most": MOVED_MAX + 1}
        async with self._transactions.begin() as connection:
            return int(await connection.scalar(query, values) or 0)

    async def _change(self, statements: Sequence[str]) -> bool:
        """Carry them out in one transaction."""
        async with self._transactions.begin() as connection:
            await _limit_times(connection)
            for statement in statements:
                await connection.exec_driver_sql(statement)
        return True


async def _unless_busy(change: Awaitable[bool]) -> bool:
    """What came of it; False where it may well succeed later."""
    try:
        return await change
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _LATER:
            raise
        log.info("partitions.busy", sqlstate=getattr(error.orig, "sqlstate", None))
        return False


async def _limit_times(connection: AsyncConnection) -> None:
    await connection.exec_driver_sql(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
    await connection.exec_driver_sql(f"set local statement_timeout = {CHANGE_TIMEOUT_MS}")


def _literal(value: bytes) -> str:
    return f"'\\x{value.hex()}'"


def _read(bound: str) -> bytes:
    """A bound as the catalogue writes it: '\\x0199…' or a word."""
    if bound == "MINVALUE":
        return LOWEST_ID
    if bound == "MAXVALUE":
        return HIGHEST_ID
    return bytes.fromhex(bound.strip("'").removeprefix("\\x"))
