"""Turning a table into a partitioned one in a migration, and back. On Postgres only.

Migrations of the past call this: what it makes of a table must stay the same.
"""

import time

from angarium_contracts.ids import lowest_id_at
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from .partitions import DAY_MS, partition_name, range_bounds

_INDEXES = text(
    "select indexname from pg_indexes"
    " where schemaname = current_schema() and tablename = :name order by 1"
)


def partition_by_id(connection: Connection, table: str, *, key: str, indexes: list[str]) -> None:
    """Make `table` partitioned by ranges of `id`, with a partition for the next days and a default.

    `key`: the columns of the primary key, `indexes`: `create index` statements of the others.
    No row is written: the table that was there becomes the partition `<table>_before` of all ids
    until two days from now. It is read once to prove that it has no others, and writes wait for
    so long: about a second a gigabyte. If it has others, it becomes the default partition, whose
    rows retention deletes one by one.
    """
    old = f"{table}_before"
    run = connection.exec_driver_sql
    run("set local statement_timeout = 0")
    run(f'alter table "{table}" rename to "{old}"')
    for (index,) in connection.execute(_INDEXES, {"name": old}).all():
        run(f'alter index "{index}" rename to "{index.replace(table, old, 1)}"')
    run(
        f'create table "{table}" (like "{old}" including defaults including storage'
        f" including compression, primary key ({key})) partition by range (id)"
    )
    for index in indexes:
        run(index)
    end_ms = (time.time_ns() // 1_000_000 // DAY_MS + 2) * DAY_MS
    next_ms = end_ms + 3 * DAY_MS
    bounds = f"for values from (minvalue) to ('\\x{lowest_id_at(end_ms).hex()}')"
    try:
        with connection.begin_nested():
            run(f'alter table "{table}" attach partition "{old}" {bounds}')
            run(f'create table "{table}_default" partition of "{table}" default')
    except IntegrityError:
        run(f'alter table "{table}" attach partition "{old}" default')
        return
    bounds = range_bounds(lowest_id_at(end_ms), lowest_id_at(next_ms))
    run(f'create table "{partition_name(table, end_ms)}" partition of "{table}" {bounds}')


def merge_partitions(connection: Connection, table: str, *, key: str, indexes: list[str]) -> None:
    """Make it one table again: every row is copied."""
    partitioned = f"{table}_partitioned"
    run = connection.exec_driver_sql
    run("set local statement_timeout = 0")
    run(f'alter table "{table}" rename to "{partitioned}"')
    run(
        f'create table "{table}" (like "{partitioned}" including defaults including storage'
        " including compression)"
    )
    run(f'insert into "{table}" select * from "{partitioned}"')  # noqa: S608 - our own name
    run(f'drop table "{partitioned}"')
    run(f'alter table "{table}" add primary key ({key})')
    for index in indexes:
        run(index)
