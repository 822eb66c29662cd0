"""How long leases last, what fences let pass, and what rows say while they are held: one suite over
both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.polling import POLL_URL
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    lane,
    pending_delivery,
)
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, Lanes, LaneTake
from angarium_worker.application.ledger.manual_ledger import CancelCount, ManualLedger
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain.delivery import Delivery
from angarium_worker.domain.poll_order import tick_of
from sqlalchemy import select, update

type Rows = Callable[..., Any]

LEASE_S = 60.0
LEASE_US = int(LEASE_S * 1_000_000)
HOUR_US = 3_600_000_000
MANY_BYTES = 1_000_000
ENDPOINT = b"e" * 16
MORE_THAN_A_STATEMENT = 501
"""SQLite's statements take 500 keys."""


async def _only(database: Database, table: Any) -> Any:
    async with database.engine.connect() as connection:
        return (await connection.execute(select(table))).one()


async def _count(database: Database, table: Any) -> int:
    async with database.engine.connect() as connection:
        return len((await connection.execute(select(table))).all())


async def _clock_us(database: Database) -> int:
    async with database.engine.connect() as connection:
        query = select(clock_us(on_postgres=database.on_postgres))
        return int((await connection.execute(query)).scalar_one())


async def _held(lanes: Lanes) -> HeldLane:
    (held,) = await lanes.lease_lanes(lanes_max=9, lease_s=LEASE_S)
    return held


def _release_of(held: HeldLane, **members: Any) -> LaneRelease:
    release = LaneRelease(
        held.endpoint_id, held.fence, held.arrivals, 0, 0, held.confirmed, False, "waiting"
    )
    return release._replace(**members)


async def test_lanes_and_deliveries_are_held_for_the_time_that_was_asked_for(
    ledger: Ledger, lanes: Lanes, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(lane=0)])])
    before_us = await _clock_us(database)
    held = await _held(lanes)
    take = LaneTake(held.endpoint_id, held.fence, 1, 0)
    assert len(await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S)) == 1
    after_us = await _clock_us(database)
    of_lane, of_delivery = await _only(database, lane), await _only(database, pending_delivery)
    for until_us in (of_lane.held_until, of_lane.due_at, of_delivery.due_at):
        assert before_us <= until_us - LEASE_US <= after_us


async def test_a_lane_waits_for_the_time_that_its_holder_gave(
    ledger: Ledger, lanes: Lanes, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(lane=0)])])
    held = await _held(lanes)
    before_us = await _clock_us(database)
    await lanes.release_lanes([_release_of(held, wait_us=HOUR_US, burst_us=2 * HOUR_US)])
    after_us = await _clock_us(database)
    row = await _only(database, lane)
    assert before_us <= row.waits_until - HOUR_US <= after_us
    assert before_us <= row.due_at - HOUR_US <= after_us
    assert before_us <= row.burst_at - 2 * HOUR_US <= after_us
    assert row.held_until is None


async def test_a_new_lane_waits_for_nothing_and_has_booked_nothing(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    before_us = await _clock_us(database)
    await ledger.record([Record((), [pending_row(lane=0, due_in_us=HOUR_US)])])
    row = await _only(database, lane)
    assert (row.waits_until, row.burst_at, row.arrivals) == (0, 0, 1)
    assert before_us <= row.fence <= await _clock_us(database)


@pytest.mark.parametrize("fence_off_by", [-1, 1])
async def test_only_the_fence_of_the_lease_gives_a_lane_back(
    ledger: Ledger, lanes: Lanes, database: Database, pending_row: Rows, fence_off_by: int
) -> None:
    await ledger.record([Record((), [pending_row(lane=0)])])
    held = await _held(lanes)
    other = _release_of(held, fence=held.fence + fence_off_by, state="open")
    await lanes.release_lanes([other])
    row = await _only(database, lane)
    assert (row.state, row.fence) == ("waiting", held.fence)
    assert row.held_until is not None
    take = LaneTake(held.endpoint_id, other.fence, 1, 0)
    assert await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S) == []


@pytest.mark.parametrize("by", ["waking", "a cancellation", "an arrival"])
async def test_what_comes_into_a_lane_is_counted_once(
    ledger: Ledger,
    lanes: Lanes,
    manual_ledger: ManualLedger,
    database: Database,
    pending_row: Rows,
    by: str,
) -> None:
    await ledger.record([Record((), [pending_row(lane=0, due_in_us=HOUR_US)])])
    await lanes.wake_lanes([ENDPOINT])
    before = (await _only(database, lane)).arrivals
    assert before == 2
    match by:
        case "waking":
            await lanes.wake_lanes([ENDPOINT])
        case "a cancellation":
            await _cancel(manual_ledger)
        case _:
            await ledger.record([Record((), [pending_row(message_id=b"n" * 16, lane=1)])])
    assert (await _only(database, lane)).arrivals == before + 1


async def test_more_deliveries_than_a_statement_takes_come_into_a_lane_once(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    rows = [
        pending_row(message_id=n.to_bytes(16), lane=0, due_in_us=HOUR_US)
        for n in range(MORE_THAN_A_STATEMENT)
    ]
    for _ in range(2):
        await ledger.record([Record((), rows)])
        assert (await _only(database, lane)).arrivals == 1
    assert await _count(database, pending_delivery) == MORE_THAN_A_STATEMENT


async def test_more_polled_attempts_than_a_statement_takes_are_written_once(
    ledger: Ledger, database: Database, attempt_row: Rows
) -> None:
    rows = [
        attempt_row(
            url=POLL_URL,
            response_status=0,
            response=b"",
            message_id=n.to_bytes(16),
            id=lowest_id_at(1_780_000_000_000)[:8] + n.to_bytes(8),
        )
        for n in range(MORE_THAN_A_STATEMENT)
    ]
    for _ in range(2):
        await ledger.record([Record(rows)])
        assert await _count(database, attempt) == MORE_THAN_A_STATEMENT


async def test_the_first_polled_attempt_of_an_endpoint_keeps_its_time(
    ledger: Ledger, database: Database, attempt_row: Rows
) -> None:
    row = attempt_row(url=POLL_URL, response_status=0, response=b"", message_id=bytes(16))
    row = row._replace(id=lowest_id_at(1_780_000_000_000)[:8] + b"12345678")
    await ledger.record([Record([row])])
    assert tick_of(bytes((await _only(database, attempt)).id)) == tick_of(row.id)


async def test_the_fence_of_a_resent_delivery_is_the_clock_and_that_of_a_row_that_nobody_holds(
    manual_ledger: ManualLedger, database: Database
) -> None:
    row = Delivery(b"m" * 16, ENDPOINT, b"a" * 16, b"t" * 16, "invoice.paid", b"{}", 7)
    before_us = await _clock_us(database)
    assert await manual_ledger.resend([row], only_missing=False) == 1
    resent = await _only(database, pending_delivery)
    assert before_us - 1 <= resent.fence <= await _clock_us(database)
    assert resent.fence % 2 == 0
    assert before_us <= resent.due_at


async def _cancel(manual_ledger: ManualLedger) -> CancelCount:
    return await manual_ledger.cancel(
        message_id=None,
        endpoint_id=ENDPOINT,
        reason="not wanted",
        by_hand=True,
        rows_max=9,
        lease_s=LEASE_S,
    )


@pytest.mark.parametrize("later_us", [2 * LEASE_US, -2 * LEASE_US])
async def test_a_mark_ends_the_delivery_once_nobody_can_hold_it(
    ledger: Ledger,
    manual_ledger: ManualLedger,
    database: Database,
    pending_row: Rows,
    later_us: int,
) -> None:
    """Because its lease is over, or because it is due later than any lease ends."""
    await ledger.record([Record((), [pending_row()])])
    (due,) = await ledger.lease_due(rows_max=9, bytes_max=MANY_BYTES, lease_s=LEASE_S)
    assert await _cancel(manual_ledger) == CancelCount(ended=0, marked=1)
    assert await _cancel(manual_ledger) == CancelCount(ended=0, marked=0)
    async with database.engine.begin() as connection:
        due_at = pending_delivery.c.due_at + later_us
        await connection.execute(update(pending_delivery).values(due_at=due_at))
    assert await _cancel(manual_ledger) == CancelCount(ended=1, marked=0)
    assert (await _only(database, cancelled_delivery)).message_id == due.message_id
