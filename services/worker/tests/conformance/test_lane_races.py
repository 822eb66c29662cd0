"""Lanes on Postgres, where statements see what was committed before they began."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from angarium_chassis.database.engine import Database, open_database, postgres_of
from angarium_chassis.database.named_statement import named_statement
from angarium_worker.adapters.database.postgres.lanes import PostgresLanes
from angarium_worker.adapters.database.postgres.ledger import PostgresLedger, write_records
from angarium_worker.adapters.database.postgres.statements import columns_of_rows
from angarium_worker.adapters.database.tables import lane, pending_delivery
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.application.ledger.records import Record
from sqlalchemy import delete, select

type Rows = Callable[..., Any]

WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""

POSTGRES = "angarium_worker.adapters.database.postgres"


@pytest.fixture
async def database(migrated_postgres_url: str) -> AsyncIterator[Database]:
    """On Postgres only."""
    database = open_database(migrated_postgres_url, connections_max=4)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def other(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose transactions the test ends when it likes."""
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as each:
        yield await postgres_of(each)


async def _until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(5), database.reading.connect() as connection:
        raw = await postgres_of(connection)
        while await raw.fetchval(WAITING) == 0:
            pass


async def _emptied(database: Database, ledger: PostgresLedger, row: Any) -> HeldLane:
    """A lane that is held and in which nothing stands any more."""
    await ledger.record([Record((), [row])])
    (held,) = await PostgresLanes(database).lease_lanes(lanes_max=1, lease_s=60)
    async with database.engine.begin() as connection:
        await connection.execute(delete(pending_delivery))
    return held


def _release(held: HeldLane) -> LaneRelease:
    return LaneRelease(held.endpoint_id, held.fence, held.arrivals, 0, 0, bytes(16), False, "")


async def test_a_lane_outlives_a_release_that_waited_for_an_arrival_it_cannot_see(
    database: Database, other: asyncpg.Connection, ledger: PostgresLedger, pending_row: Rows
) -> None:
    held = await _emptied(database, ledger, pending_row(lane=0))
    lanes = PostgresLanes(database)
    async with asyncio.TaskGroup() as tasks, other.transaction():
        await write_records(other, [Record((), [pending_row(message_id=b"2" * 16, lane=0)])])
        tasks.create_task(lanes.release_lanes([_release(held)]))
        await _until_somebody_waits(database)
    (again,) = await lanes.lease_lanes(lanes_max=1, lease_s=60)
    take = LaneTake(again.endpoint_id, again.fence, 1, 1)
    (due,) = await lanes.take_from_lanes([take], bytes_max=1_000, lease_s=60)
    assert due.message_id == b"2" * 16


async def test_an_arrival_that_waited_for_the_end_of_its_lane_opens_it_anew(
    database: Database, other: asyncpg.Connection, ledger: PostgresLedger, pending_row: Rows
) -> None:
    held = await _emptied(database, ledger, pending_row(lane=0))
    columns = columns_of_rows([_release(held)], len(LaneRelease._fields))
    async with asyncio.TaskGroup() as tasks, other.transaction():
        await other.fetch(named_statement(POSTGRES, "release_lanes"), *columns)
        record = Record((), [pending_row(message_id=b"2" * 16, lane=0)])
        tasks.create_task(ledger.record([record]))
        await _until_somebody_waits(database)
    (again,) = await PostgresLanes(database).lease_lanes(lanes_max=1, lease_s=60)
    assert again.fence > held.fence


async def test_nobody_leases_a_lane_out_of_which_a_take_is_not_committed(
    database: Database, other: asyncpg.Connection, ledger: PostgresLedger, pending_row: Rows
) -> None:
    rows = [pending_row(message_id=bytes([n]) * 16, lane=0) for n in (1, 2)]
    await ledger.record([Record((), rows)])
    lanes = PostgresLanes(database)
    (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=0.2)
    take = LaneTake(held.endpoint_id, held.fence, 1, 0, ordered=True)
    columns = columns_of_rows([take], len(LaneTake._fields))
    async with other.transaction():
        assert (
            len(
                await other.fetch(
                    named_statement(POSTGRES, "take_from_lanes"), *columns, 1_000, 10**7
                )
            )
            == 1
        )
        async with asyncio.timeout(5):
            while (await lanes.next_lane_in_s() or 0) > 0:  # until the lease has ended
                pass
        assert await lanes.lease_lanes(lanes_max=1, lease_s=60) == []
    (again,) = await lanes.lease_lanes(lanes_max=1, lease_s=60)
    take = LaneTake(again.endpoint_id, again.fence, 2, 0, ordered=True)
    assert await lanes.take_from_lanes([take], bytes_max=1_000, lease_s=60) == []


async def test_an_ordered_take_stops_before_a_head_that_another_has_locked(
    database: Database, other: asyncpg.Connection, ledger: PostgresLedger, pending_row: Rows
) -> None:
    rows = [pending_row(message_id=bytes([n]) * 16, lane=0) for n in (1, 2)]
    await ledger.record([Record((), rows)])
    lanes = PostgresLanes(database)
    (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=60)
    take = LaneTake(held.endpoint_id, held.fence, 2, 2, ordered=True)
    async with other.transaction():
        await other.fetch(
            "select 1 from pending_delivery where message_id = $1 for update", b"\x01" * 16
        )
        assert await lanes.take_from_lanes([take], bytes_max=1_000, lease_s=60) == []
    free = take._replace(ordered=False)
    assert len(await lanes.take_from_lanes([free], bytes_max=1_000, lease_s=60)) == 2
    async with database.engine.connect() as connection:
        assert len((await connection.execute(select(lane))).all()) == 1
