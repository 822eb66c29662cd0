"""The order in which the rows of a ledger were committed, by which each row is counted once.

On Postgres, the column `recorded_in` of a ledger has the number of the transaction that recorded
the row; its default fills it. A snapshot gives the number below which every transaction has ended:
no row with a lower number can appear any more, however late it was recorded, and whatever a clock
says. On SQLite, one transaction writes at a time, and the row number is this order.
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    MetaData,
    Table,
    Text,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import Big
from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_table import ROWID

RECORDED_IN = "recorded_in"

_SNAPSHOT = text(
    "select txid_snapshot_xmin(s), txid_snapshot_xmax(s),"
    " (extract(epoch from clock_timestamp()) * 1000000)::bigint from txid_current_snapshot() s"
)


class _TransactionNumber(FunctionElement[int]):
    """The number of the current transaction; 0 on SQLite."""

    inherit_cache = True
    type = Big


@compiles(_TransactionNumber)
def _on_other_engines(*_: Any, **__: Any) -> str:
    return "0"


@compiles(_TransactionNumber, "postgresql")
def _on_postgres(*_: Any, **__: Any) -> str:
    return "txid_current()"


def recorded_in() -> Column[int]:
    """The column of a ledger that its default fills."""
    return Column(RECORDED_IN, Big, nullable=False, server_default=_TransactionNumber())


def recording_index(ledger: str) -> Index:
    """The index of a ledger's order. On SQLite, where row numbers are the order, it is empty."""
    return Index(f"{ledger}_by_recording", RECORDED_IN, sqlite_where=text(f"{RECORDED_IN} <> 0"))


def position_table(metadata: MetaData) -> Table:
    """The table of how far each ledger of a service has been counted.

    Rows below `position` are counted, and so is all that was recorded before `complete_at`.
    `mark` is a position that had not been given out at `marked_at`. `shift` is added to the numbers
    of transactions. Rows below `first`, recorded before `began_at`, are not counted: the table had
    no order yet.
    """
    return Table(
        "rollup_position",
        metadata,
        Column("ledger", Text, primary_key=True),
        Column("first", Big, nullable=False),
        Column("position", Big, nullable=False),
        Column("shift", Big, nullable=False),
        Column("mark", Big, nullable=False),
        Column("marked_at", Big, nullable=False),
        Column("complete_at", Big, nullable=False),
        Column("began_at", Big, nullable=False),
    )


class Horizon(NamedTuple):
    """No row below `end` can appear any more, and no row at `next` or above is there yet."""

    end: int
    next: int
    now_us: int

    def shifted(self, shift: int) -> "Horizon":
        """The horizon in a ledger whose numbers are shifted."""
        return Horizon(self.end + shift, self.next + shift, self.now_us)


class RecordingOrder:
    """The order of one ledger's rows. `positions` is the service's `position_table`."""

    def __init__(self, ledger: Table, positions: Table, *, on_postgres: bool) -> None:
        self.ledger = ledger
        self.positions = positions
        self.on_postgres = on_postgres
        self.row: ColumnElement[int] = ledger.c[RECORDED_IN] if on_postgres else ROWID
        position = select(positions).where(positions.c.ledger == ledger.name)
        self.stored = position
        self.held = select(positions).order_by(positions.c.ledger).with_for_update(skip_locked=True)
        self._now = select(clock_us(on_postgres=False))

    async def horizon(self, connection: AsyncConnection, shift: int) -> Horizon:
        """The horizon as of now. Statements that follow see every row below its end."""
        if self.on_postgres:
            end, following, now_us = (await connection.execute(_SNAPSHOT)).one()
            return Horizon(end, following, now_us).shifted(shift)
        newest = select(func.coalesce(func.max(ROWID), 0)).select_from(self.ledger)
        end = int((await connection.execute(newest)).scalar_one()) + 1
        return Horizon(end, end, int((await connection.execute(self._now)).scalar_one()))

    def within(self, first: int, end: int) -> ColumnElement[bool]:
        """Condition: the row stands from `first` (inclusive) to `end` (exclusive)."""
        return (self.row >= first) & (self.row < end)

    async def slice_end(
        self, connection: AsyncConnection, first: int, end: int, *, rows_max: int
    ) -> int:
        """The end of a slice of at most about `rows_max` rows; a transaction is not divided."""
        if not self.on_postgres:
            return min(end, first + rows_max)
        query = select(self.row).where(self.within(first, end)).order_by(self.row)
        beyond = (await connection.execute(query.offset(rows_max).limit(1))).scalar()
        return end if beyond is None else max(int(beyond), first + 1)

    async def waits(self, connection: AsyncConnection, position: int) -> bool:
        """True while there is a visible row that is not counted."""
        query = select(self.row).select_from(self.ledger).where(self.row >= position).limit(1)
        return (await connection.execute(query)).first() is not None

    async def complete_at_us(self, connection: AsyncConnection) -> int:
        """The time before which everything recorded is counted: now, if nothing waits."""
        stored = (await connection.execute(self.stored)).one()
        horizon = await self.horizon(connection, stored.shift)
        if await self.waits(connection, stored.position):
            return int(stored.complete_at)
        return horizon.now_us


async def follow_restored(database: Database, *orders: RecordingOrder) -> None:
    """After a dump was restored into another Postgres cluster, continue the ledgers' order.

    The new cluster may count its transactions from a lower number than the rows have. Then a shift
    is added to its numbers from now on. Call this before anything is recorded.
    """
    if not database.on_postgres:
        return
    for order in orders:
        async with database.engine.connect() as connection:
            if await _shift_needed(connection, order) is None:
                continue
        async with database.engine.begin() as connection:
            name = order.ledger.name
            await connection.exec_driver_sql(f'lock table "{name}" in access exclusive mode')
            shift = await _shift_needed(connection, order)
            if shift is None:
                continue
            await connection.exec_driver_sql(
                f'alter table "{name}" alter column {RECORDED_IN}'
                f" set default txid_current() + {int(shift)}"
            )
            of_ledger = order.positions.c.ledger == name
            await connection.execute(update(order.positions).where(of_ledger).values(shift=shift))


async def _shift_needed(connection: AsyncConnection, order: RecordingOrder) -> int | None:
    """The shift that sets this cluster's next numbers above all of the ledger; None: they are."""
    stored: Any = (await connection.execute(order.stored)).one()
    newest = (await connection.execute(select(func.max(order.row)))).scalar()
    highest = max(int(newest or 0), int(stored.position) - 1)
    horizon = await order.horizon(connection, stored.shift)
    if highest < horizon.next:
        return None
    return int(highest - (horizon.end - stored.shift) + 1)
