"""Migration of a ledger to one whose rows have an order of recording, and back.

Released migrations call this, so its results must not change.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NOW = {
    "postgresql": "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
    "sqlite": "(cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000)",
}


POSITION_COLUMNS = ("first", "position", "shift", "mark", "marked_at", "complete_at", "began_at")


def order_ledgers(op: Any, ledgers: Sequence[str]) -> None:
    """Give the ledgers the column `recorded_in`, and each a row in the new `rollup_position`.

    On Postgres the rows that are there get 0, without being rewritten; an index is built, which
    blocks writes for some seconds per ten million rows. On SQLite row numbers are the order. A
    trigger there moves the position back when the newest row is deleted, because SQLite gives its
    number to the next one.
    """
    connection = op.get_bind()
    op.create_table(
        "rollup_position",
        sa.Column("ledger", sa.Text(), primary_key=True),
        *(sa.Column(name, BIG, nullable=False) for name in POSITION_COLUMNS),
    )
    for ledger in ledgers:
        op.add_column(ledger, sa.Column("recorded_in", BIG, nullable=False, server_default="0"))
        if connection.dialect.name == "postgresql":
            _on_postgres(connection, ledger)
        else:
            _on_sqlite(connection, ledger)


def forget_order(op: Any, ledgers: Sequence[str]) -> None:
    """Undo `order_ledgers`."""
    connection = op.get_bind()
    for ledger in ledgers:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f'drop index "{ledger}_by_recording"')
        else:
            connection.exec_driver_sql(f'drop trigger "{ledger}_position"')
            connection.exec_driver_sql(f'drop index "{ledger}_by_recording"')
        op.drop_column(ledger, "recorded_in")
    op.drop_table("rollup_position")


def _on_postgres(connection: Connection, ledger: str) -> None:
    run = connection.exec_driver_sql
    run("set local statement_timeout = 0")
    run(f'alter table "{ledger}" alter column recorded_in set default txid_current()')
    run(f'create index "{ledger}_by_recording" on "{ledger}" (recorded_in)')
    _add_position(connection, ledger, "1")


def _on_sqlite(connection: Connection, ledger: str) -> None:
    connection.exec_driver_sql(
        f'create index "{ledger}_by_recording" on "{ledger}" (recorded_in) where recorded_in <> 0'
    )
    following = f'(select coalesce(max(rowid), 0) + 1 from "{ledger}")'  # noqa: S608 - our own name
    _add_position(connection, ledger, following)
    of_ledger = f"ledger = '{ledger}'"
    connection.exec_driver_sql(
        f'create trigger "{ledger}_position" after delete on "{ledger}"'  # noqa: S608
        f" when old.rowid >= (select position - 1 from rollup_position where {of_ledger})"
        f" begin update rollup_position set position = min(position, {following}),"
        f" first = min(first, {following})"
        f" where {of_ledger}; end"
    )


def _add_position(connection: Connection, ledger: str, position: str) -> None:
    now: Any = sa.literal_column(_NOW[connection.dialect.name])
    times = {"complete_at": now, "began_at": now}
    others = dict.fromkeys(("shift", "mark", "marked_at"), 0)
    start: dict[str, Any] = dict.fromkeys(("first", "position"), sa.literal_column(position))
    values = {"ledger": ledger, **start, **others, **times}
    positions = sa.table("rollup_position", *map(sa.column, values))
    connection.execute(sa.insert(positions).values(values))
