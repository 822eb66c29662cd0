"""Migration of a table to a partitioned one and back, on Postgres only.

Released migrations call this, so its results must not change.
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
    """Partition `table` by ranges of `id`, with partitions for the next days and a default.

    `key` lists the columns of the primary key; `indexes` are `create index` statements for the
    other indexes. No row is copied: the existing table becomes the partition `<table>_before`,
    which holds all ids until two days from now. Postgres reads it once to verify that, and blocks
    writes meanwhile, for about a second per gigabyte. If it holds later ids, it becomes the default
    partition instead, whose rows retention deletes one by one.
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
    """Merge the partitions into one table again, by copying every row."""
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
