"""Postgres tables that are partitioned by the time in their ids.

A 16-byte id (UUIDv7) contains its time, so a range of ids is a range of time, and expired rows are
dropped as a whole partition. Rows without a partition go to the default partition, so that an
insert never fails because a partition is missing.

A change of partitions waits for its locks for at most `LOCK_TIMEOUT_MS` and is tried again later.
A longer wait would stop the service: every later statement on the table queues behind it.
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
"""The most rows of the default partition that a new partition takes over."""

LOWEST_ID, HIGHEST_ID = bytes(16), b"\xff" * 17
"""Bounds of all ids: inclusive and exclusive."""

_LATER = {
    "55P03",  # lock_not_available: the wait for a lock timed out
    "40P01",  # deadlock_detected
    "57014",  # query_canceled: it took longer than `CHANGE_TIMEOUT_MS`
    "23514",  # check_violation: a row came into the default partition in the meantime
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
    """Opens transactions: an `AsyncEngine`, or a `RetentionTurn`."""

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Start a transaction that commits at the end of the block."""
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
    """The number of days in a partition: a thirtieth of the retention, so that a query over all
    partitions visits about thirty."""
    return max(1, retention_days // PARTITIONS_OF_RETENTION)


def partition_name(table: str, low_ms: int) -> str:
    """The name of the partition that begins at `low_ms`."""
    return f"{table}_from_{datetime.fromtimestamp(low_ms / 1000, UTC):%Y%m%d}"


def range_bounds(low: bytes, high: bytes) -> str:
    """The bounds of a partition in SQL."""
    return f"for values from ({_literal(low)}) to ({_literal(high)})"


def ranges_ahead(
    newest_end: bytes | None, now_ms: int, *, days: int, ahead_days: int = AHEAD_DAYS
) -> list[tuple[int, int]]:
    """The missing partitions (begin and end in Unix ms) for the next `ahead_days`.

    `newest_end` is the end of the existing partitions, or None without any. Partitions end at
    multiples of `days` UTC days. None is made for the time before today.
    """
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
    """Alembic's `include_name` filter that leaves out partitions, which no `Table` declares."""
    return kind != "table" or name is None or not re.search(r"_(from_\d{8}|before|default)$", name)


class PartitionedTable:
    """The partitions of a table by its column `id`, on Postgres only.

    Its methods raise SQLAlchemy's errors. The table's name becomes part of statements, so it must
    never come from a user.
    """

    def __init__(self, transactions: Transactions, table: str) -> None:
        self._transactions = transactions
        self.table = table

    async def layout(self) -> Layout:
        """Read the current partitions."""
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
        """Create missing partitions and return their number. One that cannot be created now is
        skipped: its rows go to the default partition, and the next call tries again."""
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
        """The partitions whose ids are all below `before`, oldest first."""
        return [each for each in (await self.layout()).bounded if each.high <= before]

    async def drop(self, partition: Partition) -> bool:
        """Drop a partition with its rows. Returns False if its locks were not free in time."""
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
                # `attach partition` takes this lock anyway. Taken only then, after the deletion,
                # it could deadlock with an insert into the default partition.
                f'lock table only "{default}" in access exclusive mode',
                f'with moved as ({moved}) insert into "{name}" select * from moved',  # noqa: S608
            ]
        bounds = range_bounds(low, high)
        statements.append(f'alter table "{self.table}" attach partition "{name}" {bounds}')
        return await self._change(statements)

    async def _count(self, default: str, low: bytes, high: bytes) -> int:
        """Count the rows of the default partition in the range, up to `MOVED_MAX` + 1."""
        query = text(
            f'select count(*) from (select 1 from "{default}"'  # noqa: S608 - our own name
            " where id >= :low and id < :high limit :most) as found"
        )
        values = {"low": low, "high": high, "most": MOVED_MAX + 1}
        async with self._transactions.begin() as connection:
            return int(await connection.scalar(query, values) or 0)

    async def _change(self, statements: Sequence[str]) -> bool:
        """Run statements in one transaction."""
        async with self._transactions.begin() as connection:
            await _limit_times(connection)
            for statement in statements:
                await connection.exec_driver_sql(statement)
        return True


async def _unless_busy(change: Awaitable[bool]) -> bool:
    """Await `change`. Returns False if it failed with an error that a later try may avoid."""
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
    """Parse a bound from the catalogue: '\\x0199…', MINVALUE or MAXVALUE."""
    if bound == "MINVALUE":
        return LOWEST_ID
    if bound == "MAXVALUE":
        return HIGHEST_ID
    return bytes.fromhex(bound.strip("'").removeprefix("\\x"))
