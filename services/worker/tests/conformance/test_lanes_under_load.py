"""Lanes on Postgres with many deliveries in them, and with many workers at them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_worker.adapters.database.postgres.lanes import PostgresLanes
from angarium_worker.adapters.database.postgres.ledger import PostgresLedger
from angarium_worker.adapters.database.tables import lane
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.application.ledger.records import Record
from angarium_worker.domain.delivery import Delivery, Lane
from sqlalchemy import select

from ..outcomes import settled

type Rows = Callable[..., Any]

LEASE_S = 60.0
MANY_BYTES = 1_000_000
ENDPOINTS = 5
WORKERS = 3


@pytest.fixture
async def database(migrated_postgres_url: str) -> AsyncIterator[Database]:
    """On Postgres only."""
    database = open_database(migrated_postgres_url, connections_max=8)
    try:
        yield database
    finally:
        await database.close()


def _take(held: HeldLane) -> LaneTake:
    ordered = held.endpoint_id < bytes([2]) * 16
    return LaneTake(held.endpoint_id, held.fence, 3, 3, ordered)


def _release(held: HeldLane) -> LaneRelease:
    ordered = _take(held).ordered
    return LaneRelease(held.endpoint_id, held.fence, held.arrivals, 0, 0, bytes(16), ordered, "")


class Worker:
    """Parks deliveries, and carries out those of the lanes that it gets, each at its second
    attempt, until all are done."""

    def __init__(self, database: Database, number: int, done: list[Delivery]) -> None:
        self._ledger = PostgresLedger(database)
        self._lanes = PostgresLanes(database)
        self._number = number
        self._done = done
        self._one_at_a_time = asyncio.Lock()

    async def run(self, pending_row: Rows, total: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._park(pending_row, total // WORKERS))
            tasks.create_task(self._turns(total))
        await self._ledger.close()

    async def _park(self, pending_row: Rows, count: int) -> None:
        for start in range(0, count, 10):
            rows = [
                pending_row(
                    message_id=(n * WORKERS + self._number).to_bytes(16),
                    endpoint_id=bytes([(n * 7 + self._number) % ENDPOINTS]) * 16,
                    lane=0,
                )
                for n in range(start, start + 10)
            ]
            await self._recording([Record((), rows)])

    async def _recording(self, records: list[Record]) -> frozenset[tuple[bytes, bytes]]:
        async with self._one_at_a_time:  # as the recorder does
            return await self._ledger.record(records)

    async def _turns(self, total: int) -> None:
        while len(self._done) < total:
            held = await self._lanes.lease_lanes(lanes_max=2, lease_s=LEASE_S)
            takes = [_take(each) for each in held]
            taken = await self._lanes.take_from_lanes(takes, bytes_max=500, lease_s=LEASE_S)
            outcomes = []
            for due in taken:
                again = due.attempts_made < 2
                outcomes.append(
                    settled(
                        due,
                        0 if again else None,
                        due.attempts_made + 1,
                        lane=Lane.RETRY if again else None,
                    )
                )
                if not again:
                    self._done.append(due)
            assert len(await self._recording([Record(leased=outcomes)])) == len(taken)
            await self._lanes.release_lanes([_release(each) for each in held])


async def test_workers_at_once_carry_out_every_delivery_once_and_the_lanes_end(
    database: Database, pending_row: Rows
) -> None:
    done: list[Delivery] = []
    total = 60 * WORKERS
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for number in range(WORKERS):
            tasks.create_task(Worker(database, number, done).run(pending_row, total))
    assert len({(due.message_id, due.endpoint_id) for due in done}) == len(done) == total
    held = await PostgresLanes(database).lease_lanes(lanes_max=9, lease_s=LEASE_S)
    await PostgresLanes(database).release_lanes([_release(each) for each in held])
    async with database.engine.connect() as connection:
        assert (await connection.execute(select(lane))).all() == []


async def test_ten_thousand_parked_deliveries_are_taken_in_turns(
    database: Database, ledger: PostgresLedger, pending_row: Rows
) -> None:
    lanes = PostgresLanes(database)
    recorded_s = []
    for start in range(0, 10_000, 1_000):
        ids = [n.to_bytes(16) for n in range(start, start + 1_000)]
        rows = [pending_row(message_id=each, lane=0, payload=b"x" * 1_000) for each in ids]
        began_s = time.perf_counter()
        await ledger.record([Record((), rows)])
        recorded_s.append(time.perf_counter() - began_s)
    turns_s = []
    for turn in range(20):
        began_s = time.perf_counter()
        (held,) = await lanes.lease_lanes(lanes_max=9, lease_s=LEASE_S)
        take = LaneTake(held.endpoint_id, held.fence, 20, 20)
        taken = await lanes.take_from_lanes([take], bytes_max=MANY_BYTES, lease_s=LEASE_S)
        await lanes.release_lanes([_release(held)])
        turns_s.append(time.perf_counter() - began_s)
        assert [due.message_id for due in taken] == [
            n.to_bytes(16) for n in range(20 * turn, 20 * turn + 20)
        ]
    print(
        f"1,000 parked rows recorded in {1e3 * sorted(recorded_s)[5]:.1f} ms,"
        f" a turn of one lane in {1e3 * sorted(turns_s)[10]:.1f} ms (medians)"
    )
