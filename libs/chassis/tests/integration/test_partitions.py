"""Partitions by time, and the loop that deletes what is too old."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from angarium_chassis.database.columns import Id
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partition_migration import merge_partitions, partition_by_id
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.database.retention_table import RetentionTable
from angarium_chassis.database.retention_turn import RetentionTurn, retention_turn
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import IdMaker, lowest_id_at
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

TABLES = MetaData()
PARCELS = Table(
    "parcel",
    TABLES,
    Column("id", Id, primary_key=True),
    Column("weight", Integer, nullable=False, server_default="1"),
)
NOW_MS = time.time_ns() // 1_000_000


def id_at(days_ago: float) -> bytes:
    return lowest_id_at(int(NOW_MS - days_ago * DAY_MS))[:8] + random.randbytes(8)


@pytest.fixture
async def plain(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url, connections_max=6)
    async with database.engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
        if database.on_postgres:
            await connection.exec_driver_sql("create index parcel_by_weight on parcel (weight, id)")
    yield database
    await database.close()


@pytest.fixture
async def partitioned(plain: Database) -> Database:
    await partition(plain)
    return plain


INDEXES = ["create index parcel_by_weight on parcel (weight, id)"]


async def partition(database: Database) -> None:
    if database.on_postgres:
        async with database.engine.begin() as connection:
            await connection.run_sync(partition_by_id, "parcel", key="id", indexes=INDEXES)


async def put(database: Database, *ids: bytes) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(insert(PARCELS), [{"id": each} for each in ids])


async def ids_of(database: Database) -> list[bytes]:
    async with database.reading.connect() as connection:
        return [bytes(each) for each in await connection.scalars(select(PARCELS.c.id))]


async def in_default(database: Database) -> int:
    async with database.reading.connect() as connection:
        return int(await connection.scalar(text("select count(*) from parcel_default")) or 0)


async def turn(database: Database, *, days: int) -> bool:
    return await RetentionLoop(database, {"parcels": RetentionTable(PARCELS, days=days)}).turn()


async def test_rows_stay_where_they_are_when_their_table_becomes_partitioned(
    plain: Database,
) -> None:
    ids = [bytes(16), *[id_at(days) for days in range(200)]]
    await put(plain, *ids)
    await partition(plain)
    await put(plain, id_at(-1), id_at(-400))
    assert set(ids) < set(await ids_of(plain))
    if plain.on_postgres:
        table = PartitionedTable(plain.engine, "parcel")
        names = [each.name for each in (await table.layout()).bounded]
        assert names[0] == "parcel_before"
        assert len(names) == 2
        assert await in_default(plain) == 1
        async with plain.engine.begin() as connection:
            await connection.run_sync(merge_partitions, "parcel", key="id", indexes=INDEXES)
        assert (await table.layout()).bounded == []
    assert len(await ids_of(plain)) == len(ids) + 2


async def test_rows_of_the_far_future_make_the_old_table_the_default(plain: Database) -> None:
    await put(plain, id_at(3), id_at(-4_000))
    await partition(plain)
    await turn(plain, days=2)
    await put(plain, id_at(0))
    assert len(await ids_of(plain)) == 2
    if plain.on_postgres:
        layout = await PartitionedTable(plain.engine, "parcel").layout()
        assert layout.default == "parcel_before"
        assert layout.bounded


@pytest.mark.parametrize("days", [1, 7, 90])
async def test_what_is_too_old_goes_and_what_is_in_force_stays(
    partitioned: Database, days: int
) -> None:
    await turn(partitioned, days=days)
    old, young = [id_at(days + 40 + n) for n in range(450)], [id_at(days - 0.9), id_at(0)]
    await put(partitioned, *old)
    await put(partitioned, *young, id_at(-2), id_at(-900))
    if partitioned.on_postgres:  # as if time had gone on since the table was partitioned
        await move_bound(partitioned, days + 20)
    await turn(partitioned, days=days)
    left = await ids_of(partitioned)
    assert len(left) == 4
    assert set(young) < set(left)


async def move_bound(database: Database, days_ago: int) -> None:
    """Let the oldest partition end so long ago; younger rows go to one that follows it."""
    bound = f"'\\x{lowest_id_at(NOW_MS - days_ago * DAY_MS).hex()}'"
    end = (await PartitionedTable(database.engine, "parcel").layout()).bounded[0].high
    until = f"'\\x{end.hex()}'"
    async with database.engine.begin() as connection:
        young = f"delete from parcel_before where id >= {bound} returning *"
        ranges = f"from (minvalue) to ({bound})", f"from ({bound}) to ({until})"
        for statement in (
            "alter table parcel detach partition parcel_before",
            f"create table parcel_from_20000101 partition of parcel for values {ranges[1]}",
            f"with young as ({young}) insert into parcel select * from young",
            f"alter table parcel attach partition parcel_before for values {ranges[0]}",
        ):
            await connection.exec_driver_sql(statement)


async def test_rows_that_went_to_the_default_move_into_a_partition_made_later(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "create table parcel (id bytea primary key, weight int not null default 1)"
            " partition by range (id)"
        )
    partitions = PartitionedTable(database.engine, "parcel")
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("create table parcel_default partition of parcel default")
    ids = [id_at(0) for _ in range(10)]
    await put(database, *ids, id_at(50))
    assert await partitions.make_ahead(NOW_MS, days=1) == 4
    assert await in_default(database) == 1
    assert set(ids) < set(await ids_of(database))
    assert await partitions.make_ahead(NOW_MS, days=1) == 0
    await turn(database, days=30)
    assert await in_default(database) == 0
    await database.close()


async def test_nothing_is_lost_while_partitions_come_and_go(partitioned: Database) -> None:
    make_id = IdMaker(time.time_ns, random.getrandbits)
    written: list[bytes] = []
    stopped = asyncio.Event()

    async def write() -> None:
        while not stopped.is_set():
            fresh = [make_id() for _ in range(20)]
            await put(partitioned, *fresh)
            written.extend(fresh)
            await asyncio.sleep(0)

    await put(partitioned, *[id_at(40 + n % 300) for n in range(2_000)])
    if partitioned.on_postgres:
        await move_bound(partitioned, 20)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(write())
        for _ in range(3):
            await turn(partitioned, days=2)
        stopped.set()
    assert set(await ids_of(partitioned)) >= set(written)
    assert not [each for each in await ids_of(partitioned) if each < id_at(40)]


async def test_a_partition_in_use_is_not_waited_for(postgres_url: str) -> None:
    database = open_database(postgres_url)
    async with database.engine.begin() as connection:
        for statement in (
            "create table parcel (id bytea primary key, weight int) partition by range (id)",
            "create table parcel_before partition of parcel for values from (minvalue) to ('b')",
        ):
            await connection.exec_driver_sql(statement)
    partitions = PartitionedTable(database.engine, "parcel")
    (oldest,) = (await partitions.layout()).bounded
    async with database.engine.begin() as reading:
        await reading.execute(select(PARCELS))
        assert not await partitions.drop(oldest)
    assert await partitions.drop(oldest)
    assert (await partitions.layout()).bounded == []
    await database.close()


async def test_one_process_at_a_time_has_the_turn(partitioned: Database) -> None:
    loop = RetentionLoop(partitioned, {})
    async with retention_turn(partitioned) as first:
        assert first is not None
        assert await loop.turn() is not partitioned.on_postgres
    assert await loop.turn()


async def test_a_task_that_fails_holds_up_no_other(partitioned: Database) -> None:
    done: list[str] = []

    async def fails(turn: RetentionTurn) -> None:
        async with turn.begin() as connection:
            await connection.exec_driver_sql("select nothing from nowhere")

    async def works(turn: RetentionTurn) -> None:
        async with turn.begin() as connection:
            await connection.execute(select(PARCELS))
        done.append("works")

    tasks: Sequence[tuple[str, object]] = [("fails", fails), ("works", works)]
    assert await RetentionLoop(partitioned, dict(tasks)).turn()  # type: ignore[arg-type]
    assert done == ["works"]
