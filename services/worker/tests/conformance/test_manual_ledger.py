"""What people do with deliveries by hand: one suite over both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database import tables
from angarium_worker.adapters.database.tables import cancelled_delivery, lane, pending_delivery
from angarium_worker.application.lanes.lane_store import Lanes, LaneTake
from angarium_worker.application.ledger.manual_ledger import CancelCount, ManualLedger
from angarium_worker.application.ledger.records import (
    AttemptRow,
    Ledger,
    Record,
    Settled,
)
from angarium_worker.domain.delivery import Delivery, DeliveryState, Lane
from sqlalchemy import select

type Rows = Callable[..., Any]

LEASE_S = 60.0
HOUR_US = 3_600_000_000
CANCELLED = Delivery(b"m" * 16, b"e" * 16, b"a" * 16, b"t" * 16, "x", b"", 1, cancelled="disabled")
RESENT = Delivery(
    b"m" * 16,
    b"e" * 16,
    b"a" * 16,
    b"t" * 16,
    "invoice.paid",
    b"{}",
    7,
    channels=("a",),
    trace="00-1",
    trigger=1,
    retry_delays_s=(5.0, 300.0),
    weight=3,
    content_type="text/csv",
)


async def _all(database: Database, table: Any) -> list[Any]:
    async with database.engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


async def _lease(ledger: Ledger) -> list[Delivery]:
    return await ledger.lease_due(rows_max=9, bytes_max=1_000_000, lease_s=LEASE_S)


async def _cancel(
    manual_ledger: ManualLedger,
    message_id: bytes | None = None,
    endpoint_id: bytes | None = None,
    rows_max: int = 9,
    *,
    by_hand: bool = True,
) -> int:
    count = await manual_ledger.cancel(
        message_id=message_id,
        endpoint_id=endpoint_id,
        reason="not wanted",
        by_hand=by_hand,
        rows_max=rows_max,
        lease_s=LEASE_S,
    )
    return count.ended + count.marked


async def test_a_resent_delivery_begins_anew_and_is_due_now(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database
) -> None:
    assert await manual_ledger.resend([RESENT, RESENT], only_missing=False) == 1
    (due,) = await _lease(ledger)
    assert (due.message_id, due.endpoint_id, due.application_id, due.tenant_id) == RESENT[:4]
    assert (due.event_type, due.payload, due.endpoint_version) == RESENT[4:7]
    assert due[8:14] == RESENT[8:14]
    assert due.content_type == "text/csv"
    assert (due.attempts_made, due.trigger, due.cancelled) == (0, 1, None)
    assert await _all(database, lane) == []


async def test_resending_twice_changes_nothing_more(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database
) -> None:
    assert await manual_ledger.resend([], only_missing=False) == 0
    for _ in range(2):
        assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    (due,) = await _lease(ledger)
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    (row,) = await _all(database, pending_delivery)
    assert row.fence == due.fence
    assert await _lease(ledger) == []  # its holder keeps it


async def test_a_waiting_delivery_is_made_due_as_it_is(
    manual_ledger: ManualLedger, ledger: Ledger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(attempts_made=4, due_in_us=HOUR_US)])])
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    (due,) = await _lease(ledger)
    assert (due.attempts_made, due.trigger, due.payload) == (4, 0, b'{"paid":true}')


@pytest.mark.parametrize("waits_in_lane", [True, False])
async def test_a_delivery_resent_into_a_lane_is_taken_from_it(
    manual_ledger: ManualLedger,
    ledger: Ledger,
    lanes: Lanes,
    pending_row: Rows,
    waits_in_lane: bool,
) -> None:
    if waits_in_lane:
        await ledger.record([Record((), [pending_row(lane=1, due_in_us=HOUR_US)])])
    row = RESENT._replace(lane=Lane.FIRST)
    assert await manual_ledger.resend([row], only_missing=False) == 1
    assert await _lease(ledger) == []
    (held,) = await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S)
    assert (held.weight, held.tenant_id) == (1 if waits_in_lane else 3, b"t" * 16)
    take = LaneTake(held.endpoint_id, held.fence, 1, 1)
    (due,) = await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S)
    assert due.lane == int(waits_in_lane)


async def test_that_a_delivery_was_cancelled_is_forgotten(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database
) -> None:
    await ledger.record([Record(cancelled=[CANCELLED])])
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    assert await _all(database, cancelled_delivery) == []
    (due,) = await _lease(ledger)
    assert await _cancel(manual_ledger, due.message_id) == 1
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    (row,) = await _all(database, pending_delivery)
    assert (row.cancelled, row.by_hand) == (None, False)


async def test_only_missing_leaves_out_what_was_attempted_is_pending_or_cancelled_by_hand(
    manual_ledger: ManualLedger,
    ledger: Ledger,
    database: Database,
    attempt_row: Rows,
    pending_row: Rows,
) -> None:
    ids = [bytes([n]) * 16 for n in range(5)]
    pending = [pending_row(message_id=each, due_in_us=HOUR_US) for each in ids[1:3]]
    cancelled = CANCELLED._replace(message_id=ids[3])
    await ledger.record([Record([attempt_row(message_id=ids[0])], pending, (), [cancelled])])
    assert await _cancel(manual_ledger, ids[2]) == 1
    rows = [RESENT._replace(message_id=each) for each in ids]
    assert await manual_ledger.resend(rows[:3], only_missing=True) == 0
    assert await manual_ledger.resend(rows, only_missing=True) == 2
    assert {due.message_id for due in await _lease(ledger)} == set(ids[3:])
    (row,) = await _all(database, cancelled_delivery)
    assert (row.message_id, row.by_hand) == (ids[2], True)


async def test_pending_deliveries_that_nobody_holds_end_and_the_reason_is_on_record(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    keys = [(b"1", b"e"), (b"1", b"f"), (b"2", b"e"), (b"2", b"f")]
    rows = [
        pending_row(message_id=message * 16, endpoint_id=endpoint * 16, due_in_us=HOUR_US)
        for message, endpoint in keys
    ]
    await ledger.record([Record((), rows)])
    assert await _cancel(manual_ledger) == 0
    assert await _cancel(manual_ledger, b"1" * 16, b"e" * 16) == 1
    assert await _cancel(manual_ledger, None, b"e" * 16, by_hand=False) == 1
    assert await _cancel(manual_ledger, b"1" * 16) == 1
    assert await _cancel(manual_ledger, b"1" * 16) == 0
    assert len(await _all(database, pending_delivery)) == 1
    ended = {
        row.message_id[:1] + row.endpoint_id[:1]: row
        for row in await _all(database, cancelled_delivery)
    }
    assert {key: row.by_hand for key, row in ended.items()} == {
        b"1e": True,
        b"1f": True,
        b"2e": False,
    }
    assert {row.reason for row in ended.values()} == {"not wanted"}
    assert all(row.cancelled_at > 0 for row in ended.values())


async def test_what_ended_at_once_is_told_from_what_was_only_marked(
    manual_ledger: ManualLedger, ledger: Ledger, pending_row: Rows
) -> None:
    rows = [pending_row(message_id=bytes([n]) * 16, due_in_us=HOUR_US) for n in range(3)]
    await ledger.record([Record((), [*rows, pending_row()])])
    assert len(await _lease(ledger)) == 1
    count = await manual_ledger.cancel(
        message_id=None,
        endpoint_id=b"e" * 16,
        reason="not wanted",
        by_hand=True,
        rows_max=9,
        lease_s=LEASE_S,
    )
    assert count == CancelCount(ended=3, marked=1)


async def test_a_delivery_that_may_be_held_is_marked_once_and_stays(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    assert await _cancel(manual_ledger, None, due.endpoint_id) == 1
    assert await _cancel(manual_ledger, None, due.endpoint_id) == 0
    (row,) = await _all(database, pending_delivery)
    assert (row.cancelled, row.by_hand, row.fence) == ("not wanted", True, due.fence)
    assert await _all(database, cancelled_delivery) == []


@pytest.mark.parametrize("of_message", [True, False])
async def test_cancelling_is_bounded_and_can_be_gone_on_with(
    manual_ledger: ManualLedger, ledger: Ledger, pending_row: Rows, of_message: bool
) -> None:
    which = "endpoint_id" if of_message else "message_id"
    rows = [pending_row(**{which: bytes([n]) * 16}, due_in_us=30_000_000) for n in range(3)]
    rows += [pending_row(**{which: bytes([n]) * 16}, due_in_us=HOUR_US) for n in range(3, 6)]
    await ledger.record([Record((), rows)])
    of: dict[str, Any] = {"message_id": b"m" * 16} if of_message else {"endpoint_id": b"e" * 16}
    counts = [await _cancel(manual_ledger, **of, rows_max=4) for _ in range(3)]
    assert counts == [4, 2, 0]


async def test_cancelling_the_head_of_a_lane_gives_the_lane_its_turn(
    manual_ledger: ManualLedger, ledger: Ledger, lanes: Lanes, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(lane=0, due_in_us=HOUR_US)])])
    assert await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S) == []
    assert await _cancel(manual_ledger, b"m" * 16) == 1
    assert len(await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S)) == 1


def _settled(due: Delivery, state: DeliveryState, attempt: AttemptRow | None = None) -> Record:
    return Record(leased=[Settled(due, state, attempt)])


@pytest.mark.parametrize(
    "state", [DeliveryState.DELIVERED, DeliveryState.EXHAUSTED, DeliveryState.CANCELLED]
)
async def test_what_is_resent_while_it_is_held_is_due_again_once_it_has_ended(
    manual_ledger: ManualLedger,
    ledger: Ledger,
    database: Database,
    attempt_row: Rows,
    pending_row: Rows,
    state: DeliveryState,
) -> None:
    await ledger.record([Record((), [pending_row(attempts_made=4)])])
    (held,) = await _lease(ledger)
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    assert await _lease(ledger) == []
    attempt = attempt_row(message_id=held.message_id, endpoint_id=held.endpoint_id, number=5)
    record = _settled(held._replace(cancelled="disabled"), state, attempt)
    assert await ledger.record([record]) == {held.key}
    assert await ledger.record([record]) == frozenset()  # repeated, it changes nothing
    assert len(await _all(database, tables.attempt)) == 1
    assert await _all(database, cancelled_delivery) == []
    (due,) = await _lease(ledger)
    assert (due.key, due.attempts_made, due.trigger) == (held.key, 0, 1)
    # The one that held it before cannot end it for the one that holds it now.
    assert await ledger.record([record]) == frozenset()
    assert len(await _all(database, pending_delivery)) == 1
    await ledger.record([_settled(due, DeliveryState.DELIVERED)])
    assert await _all(database, pending_delivery) == []


async def test_what_is_resent_while_it_is_held_does_not_wait_for_its_retry(
    manual_ledger: ManualLedger, ledger: Ledger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(attempts_made=1)])])
    (held,) = await _lease(ledger)
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    later = held._replace(attempts_made=2, due_in_us=HOUR_US)
    await ledger.record([_settled(later, DeliveryState.SCHEDULED)])
    (due,) = await _lease(ledger)
    assert (due.key, due.attempts_made, due.trigger) == (held.key, 2, 0)
    await ledger.record([_settled(due._replace(due_in_us=HOUR_US), DeliveryState.SCHEDULED)])
    assert await _lease(ledger) == []


async def test_what_is_resent_while_it_is_taken_from_its_lane_is_taken_again(
    manual_ledger: ManualLedger, ledger: Ledger, lanes: Lanes
) -> None:
    row = RESENT._replace(lane=Lane.RETRY)
    assert await manual_ledger.resend([row], only_missing=False) == 1
    (lane_held,) = await lanes.lease_lanes(lanes_max=1, lease_s=LEASE_S)
    take = LaneTake(lane_held.endpoint_id, lane_held.fence, 1, 1)
    (held,) = await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S)
    assert await manual_ledger.resend([row], only_missing=False) == 1
    assert await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S) == []
    await ledger.record([_settled(held, DeliveryState.DELIVERED)])
    (again,) = await lanes.take_from_lanes([take], bytes_max=9, lease_s=LEASE_S)
    assert (again.key, again.lane) == (held.key, Lane.RETRY)


@pytest.mark.parametrize("ends_by", ["release", "cancel"])
async def test_a_resend_is_forgotten_with_what_it_would_follow(
    manual_ledger: ManualLedger, ledger: Ledger, database: Database, pending_row: Rows, ends_by: str
) -> None:
    """Released, nothing was sent, and its next attempt is the resent one."""
    await ledger.record([Record((), [pending_row()])])
    (held,) = await _lease(ledger)
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    if ends_by == "release":
        await ledger.release([held])
        (held,) = await _lease(ledger)
    else:
        assert await _cancel(manual_ledger, held.message_id) == 1
    await ledger.record([_settled(held, DeliveryState.DELIVERED)])
    assert await _all(database, pending_delivery) == []


async def test_a_retry_due_soon_is_made_due_now(
    manual_ledger: ManualLedger, ledger: Ledger, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(due_in_us=int(LEASE_S * 500_000))])])
    assert await _lease(ledger) == []
    assert await manual_ledger.resend([RESENT], only_missing=False) == 1
    assert len(await _lease(ledger)) == 1
