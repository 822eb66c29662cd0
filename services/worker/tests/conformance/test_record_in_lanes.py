"""What a record does to lanes, marks and the outbox: one suite over both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    lane,
    operational_event,
    pending_delivery,
)
from angarium_worker.application.lanes.lane_store import Lanes, LaneTake
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import EventRow, Ledger, Record, Settled
from angarium_worker.domain.delivery import Delivery
from sqlalchemy import select

from ..outcomes import fence_of, settled

type Rows = Callable[..., Any]

LEASE_S = 60.0
MANY_BYTES = 1_000_000
HOUR_US = 3_600_000_000
EVENT = EventRow(
    b"v" * 16,
    "message.attempt.failing",
    b"t" * 16,
    b"a" * 16,
    b"e" * 16,
    b"m" * 16,
    b"k" * 16,
    503,
    1_700_000_000_000_000,
)


async def _all(database: Database, table: Any) -> list[Any]:
    async with database.engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


async def _lease(ledger: Ledger, lease_s: float = LEASE_S) -> list[Delivery]:
    return await ledger.lease_due(rows_max=9, bytes_max=MANY_BYTES, lease_s=lease_s)


def _outcome(due: Delivery, due_in_us: int | None = None, **members: Any) -> Settled:
    return settled(due, due_in_us, 2, **members)


async def test_rows_in_lanes_open_a_lane_for_each_endpoint_once(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    rows = [
        pending_row(message_id=bytes([n]) * 16, endpoint_id=endpoint, lane=n % 2, due_in_us=due)
        for n, (endpoint, due) in enumerate(
            [(b"f" * 16, 9_000_000), (b"e" * 16, 5_000_000), (b"f" * 16, HOUR_US)]
        )
    ]
    for _ in range(2):
        await ledger.record([Record((), rows)])
    pending = {row.message_id: row for row in await _all(database, pending_delivery)}
    lanes = {row.endpoint_id: row for row in await _all(database, lane)}
    assert lanes.keys() == {b"e" * 16, b"f" * 16}
    assert lanes[b"f" * 16].due_at == pending[bytes(16)].due_at
    assert {row.arrivals for row in lanes.values()} == {1}
    await ledger.record([Record((), [pending_row(endpoint_id=b"f" * 16, lane=0)])])
    (row,) = [row for row in await _all(database, lane) if row.endpoint_id == b"f" * 16]
    assert row.arrivals == 2
    assert row.due_at < pending[bytes(16)].due_at


async def test_a_leased_delivery_moves_into_a_lane_and_out_of_it(
    ledger: Ledger, lanes: Lanes, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    await ledger.record([Record(leased=[_outcome(due, 0, lane=1)])])
    assert await _lease(ledger) == []
    (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S)
    take = LaneTake(held.endpoint_id, held.fence, 0, 1)
    (due,) = await lanes.take_from_lanes([take], bytes_max=1, lease_s=LEASE_S)
    assert due.lane == 1
    await ledger.record([Record(leased=[_outcome(due, 0)])])
    assert len(await _all(database, lane)) == 1
    (due,) = await _lease(ledger)
    assert (due.lane, due.attempts_made) == (None, 2)


async def test_an_event_of_a_leased_outcome_is_told_only_under_its_fence(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (stale,) = await _lease(ledger, lease_s=0)
    (holder,) = await _lease(ledger)
    for due, told in ((stale, 0), (holder, 1)):
        await ledger.record([Record(leased=[_outcome(due, event=EVENT)])])
        assert len(await _all(database, operational_event)) == told


async def test_an_event_beside_a_first_attempt_is_told_once_and_whole(
    ledger: Ledger, database: Database, attempt_row: Rows
) -> None:
    for _ in range(2):
        await ledger.record([Record([attempt_row()], events=[EVENT])])
    assert [tuple(row) for row in await _all(database, operational_event)] == [EVENT]
    assert len(await _all(database, attempt)) == 2


async def test_a_marked_delivery_is_due_now_instead_of_later_and_says_why(
    ledger: Ledger, manual_ledger: ManualLedger, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    marked = await manual_ledger.cancel(
        message_id=due.message_id,
        endpoint_id=None,
        reason="not wanted",
        by_hand=True,
        rows_max=9,
        lease_s=LEASE_S,
    )
    assert marked == (0, 1)
    await ledger.record([Record(leased=[_outcome(due, HOUR_US)])])
    (due,) = await _lease(ledger)
    assert due.cancelled == "not wanted"
    await ledger.record([Record(leased=[_outcome(due, cancelled=due.cancelled)])])
    (row,) = await _all(database, cancelled_delivery)
    assert (row.reason, row.by_hand) == ("not wanted", True)
    assert await _all(database, pending_delivery) == []


async def test_a_delivery_that_nobody_marked_is_not_cancelled_by_hand(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    gone = pending_row(message_id=b"n" * 16, cancelled="disabled")
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    await ledger.record([Record(leased=[_outcome(due, cancelled="disabled")])])
    await ledger.record([Record(cancelled=[gone])])
    assert {row.by_hand for row in await _all(database, cancelled_delivery)} == {False}


@pytest.mark.parametrize("how", ["release", "expedite"])
async def test_what_is_made_due_in_a_lane_stays_in_it_and_calls_it(
    ledger: Ledger, lanes: Lanes, pending_row: Rows, how: str
) -> None:
    far = HOUR_US if how == "expedite" else 0
    await ledger.record([Record((), [pending_row(lane=0, due_in_us=far)])])
    if how == "expedite":
        await ledger.expedite(b"e" * 16, beyond_s=LEASE_S)
        (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=0)
    (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S)
    take = LaneTake(held.endpoint_id, held.fence, 1, 0)
    (due,) = await lanes.take_from_lanes([take], bytes_max=1, lease_s=LEASE_S)
    await ledger.release([due])
    assert await _lease(ledger) == []
    (again,) = await lanes.take_from_lanes([take], bytes_max=1, lease_s=LEASE_S)
    assert fence_of(again) > fence_of(due)
    await ledger.release([again])
    assert await ledger.record([Record(leased=[_outcome(again)])]) == frozenset()
