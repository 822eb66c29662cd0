"""What every ledger does: one suite over both engines."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    pending_delivery,
)
from angarium_worker.application.ledger.records import (
    AttemptRow,
    Ledger,
    Record,
    RecordRefused,
)
from angarium_worker.domain.delivery import Delivery
from sqlalchemy import select

from ..outcomes import fence_of, settled

type Rows = Callable[..., Any]

LEASE_S = 60.0
MANY_BYTES = 1_000_000


CANCELLED = Delivery(
    b"m" * 16, b"e" * 16, b"a" * 16, b"t" * 16, "invoice.paid", b"", 1, cancelled="gone"
)


async def _all(database: Database, table: Any) -> list[Any]:
    async with database.engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


def _ends(due: Delivery, row: AttemptRow | None = None, due_in_us: int | None = None) -> Record:
    made = due.attempts_made + (row is not None)
    return Record(leased=[settled(due, due_in_us, made, row)])


async def _lease(ledger: Ledger, rows_max: int = 10, lease_s: float = LEASE_S) -> list[Delivery]:
    return await ledger.lease_due(rows_max=rows_max, bytes_max=MANY_BYTES, lease_s=lease_s)


async def test_attempts_and_pending_deliveries_are_written_together(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    failed = attempt_row(
        status=2, response_status=0, failure="dns_failed", retry_in_us=5_000_000, response=b""
    )
    record = Record([attempt_row(message_id=b"1" * 16), failed], [pending_row(due_in_us=5_000_000)])
    assert await ledger.record([record]) == frozenset()
    rows = {row.id: row for row in await _all(database, attempt)}
    assert len(rows) == 2
    written = rows[failed.id]
    (pending,) = await _all(database, pending_delivery)
    assert written.next_attempt_at == pytest.approx(pending.due_at, abs=2_000)
    assert (written.failure, written.status, written.url) == ("dns_failed", 2, failed.url)
    assert (pending.payload, pending.attempts_made, pending.fence) == (b'{"paid":true}', 1, 0)


@pytest.mark.parametrize("content_type", [None, "text/csv"])
async def test_a_pending_delivery_keeps_its_content_type_from_lease_to_lease(
    ledger: Ledger, attempt_row: Rows, pending_row: Rows, content_type: str | None
) -> None:
    pending = pending_row(payload=b"a;b\x00", content_type=content_type)
    await ledger.record([Record([attempt_row(status=2)], [pending])])
    for _ in range(2):
        (due,) = await _lease(ledger)
        assert (due.payload, due.content_type) == (b"a;b\x00", content_type)
        assert (due.cancelled, due.trace, due.weight) == (None, None, 1)
        await ledger.record([_ends(due, due_in_us=0)])


async def test_a_group_without_pending_deliveries_is_written(
    ledger: Ledger, database: Database, attempt_row: Rows
) -> None:
    records = [Record([attempt_row(message_id=bytes([n]) * 16)]) for n in range(5)]
    await ledger.record(records)
    assert len(await _all(database, attempt)) == 5
    assert {row.response for row in await _all(database, attempt)} == {b"ok"}


async def test_a_record_written_twice_is_written_once(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    plain = Record([attempt_row(status=2)])
    mixed = Record([attempt_row(status=2)], [pending_row()])
    for _ in range(2):
        await ledger.record([plain])
        await ledger.record([mixed])
    assert len(await _all(database, attempt)) == 2
    assert len(await _all(database, pending_delivery)) == 1


async def test_a_record_written_again_later_brings_back_nothing_that_has_ended(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    parked = Record((), [pending_row(attempts_made=0)])
    failed = Record(
        [attempt_row(message_id=b"f" * 16, status=2)], [pending_row(message_id=b"f" * 16)]
    )
    await ledger.record([parked, failed])
    for due in await _lease(ledger):
        number = due.attempts_made + 1
        row = attempt_row(message_id=due.message_id, number=number)
        ended = settled(due, None, number, row)
        await ledger.record([Record(leased=[ended])])
    assert await _all(database, pending_delivery) == []
    await ledger.record([parked, failed])
    assert await _all(database, pending_delivery) == []
    assert len(await _all(database, attempt)) == 3


async def test_what_succeeded_elsewhere_ends_no_delivery(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    """Elsewhere: the same message at other endpoints, and other messages at the same one."""
    elsewhere = [
        attempt_row(message_id=b"m" * 16, endpoint_id=b"d" * 16, number=9),
        attempt_row(message_id=b"m" * 16, endpoint_id=b"f" * 16, number=9),
        attempt_row(message_id=b"l" * 16, endpoint_id=b"e" * 16, number=9),
        attempt_row(message_id=b"n" * 16, endpoint_id=b"e" * 16, number=9),
    ]
    await ledger.record([Record(elsewhere)])
    waits = pending_row(message_id=b"m" * 16, endpoint_id=b"e" * 16)
    await ledger.record([Record((), [waits])])
    (due,) = await _lease(ledger)
    assert due.key == waits.key
    await ledger.record([_ends(due, attempt_row(message_id=b"m" * 16, number=2))])
    assert await _all(database, pending_delivery) == []


async def test_known_are_the_deliveries_with_an_attempt_or_a_pending_row(
    ledger: Ledger, attempt_row: Rows, pending_row: Rows
) -> None:
    await ledger.record(
        [Record([attempt_row(message_id=b"1" * 16)], [pending_row(message_id=b"2" * 16)])]
    )
    keys = [(bytes([48 + n]) * 16, b"e" * 16) for n in range(4)]
    assert await ledger.known(keys) == {keys[1], keys[2]}
    assert await ledger.known([(b"1" * 16, b"f" * 16)]) == frozenset()


async def test_only_due_deliveries_are_leased_the_longest_due_first(
    ledger: Ledger, pending_row: Rows
) -> None:
    for name, due_in_us in ((b"3", -1_000_000), (b"1", -3_000_000), (b"2", -2_000_000)):
        await ledger.record([Record((), [pending_row(message_id=name * 16, due_in_us=due_in_us)])])
    await ledger.record([Record((), [pending_row(due_in_us=60_000_000)])])
    leased = await _lease(ledger, rows_max=2)
    assert sorted(due.message_id for due in leased) == [b"1" * 16, b"2" * 16]
    assert {due.fence for due in leased} == {1}
    assert [due.message_id for due in await _lease(ledger)] == [b"3" * 16]
    assert await _lease(ledger) == []


async def test_a_leased_delivery_carries_all_that_an_attempt_needs(
    ledger: Ledger, pending_row: Rows
) -> None:
    row: Delivery = pending_row(channels=("a", "b"), trace="00-1-2-01")
    await ledger.record([Record((), [row])])
    (due,) = await _lease(ledger)
    assert (due.message_id, due.endpoint_id, due.application_id, due.tenant_id) == row[:4]
    assert (due.event_type, due.payload, due.endpoint_version, due.attempts_made) == row[4:8]
    assert (due.channels, due.trace) == (("a", "b"), "00-1-2-01")


async def test_a_lease_is_bounded_in_bytes_but_takes_at_least_one(
    ledger: Ledger, pending_row: Rows
) -> None:
    rows = [pending_row(message_id=bytes([n]) * 16, payload=b"x" * 100) for n in range(5)]
    await ledger.record([Record((), rows)])
    assert len(await ledger.lease_due(rows_max=10, bytes_max=200, lease_s=LEASE_S)) == 2
    assert len(await ledger.lease_due(rows_max=10, bytes_max=1, lease_s=LEASE_S)) == 1


async def test_two_workers_never_lease_the_same_delivery(ledger: Ledger, pending_row: Rows) -> None:
    rows = [pending_row(message_id=n.to_bytes(16)) for n in range(60)]
    await ledger.record([Record((), rows)])
    shares = await asyncio.gather(*[_lease(ledger, rows_max=20) for _ in range(4)])
    leased = [due.message_id for share in shares for due in share]
    leased += [due.message_id for due in await _lease(ledger, rows_max=60)]
    assert sorted(leased) == [row.message_id for row in rows]


async def test_an_expired_lease_goes_to_another_and_the_first_holder_writes_nothing(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (stale,) = await _lease(ledger, lease_s=0)
    (holder,) = await _lease(ledger)
    assert fence_of(holder) == fence_of(stale) + 1
    assert await ledger.record([_ends(stale, attempt_row())]) == frozenset()
    assert await _all(database, attempt) == []
    assert await ledger.record([_ends(holder, attempt_row())]) == {(holder.id, holder.endpoint_id)}
    assert len(await _all(database, attempt)) == 1
    assert await _all(database, pending_delivery) == []


async def test_a_leased_delivery_that_is_due_again_moves_on_once(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    record = _ends(due, attempt_row(), due_in_us=0)
    assert await ledger.record([record]) == {(due.message_id, due.endpoint_id)}
    assert await ledger.record([record]) == frozenset()
    (row,) = await _all(database, pending_delivery)
    assert row.attempts_made == due.attempts_made + 1
    (again,) = await _lease(ledger)
    assert again.attempts_made == 2
    assert fence_of(again) > fence_of(due)


async def test_a_delivery_handed_over_under_a_fence_is_settled_by_it(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row(fence=1, due_in_us=40_000_000)])])
    assert await _lease(ledger) == []
    record = Record(leased=[settled(pending_row(fence=1), None, 1, attempt_row())])
    assert len(await ledger.record([record])) == 1
    assert await _all(database, pending_delivery) == []


async def test_released_deliveries_are_due_now_and_their_fence_is_void(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (due,) = await _lease(ledger)
    await ledger.release([due])
    await ledger.release([])
    assert await ledger.record([_ends(due, attempt_row())]) == frozenset()
    (again,) = await _lease(ledger)
    assert again.attempts_made == due.attempts_made


async def test_the_next_due_time_is_told_by_the_databases_clock(
    ledger: Ledger, pending_row: Rows
) -> None:
    assert await ledger.next_due_in_s() is None
    await ledger.record([Record((), [pending_row(due_in_us=30_000_000)])])
    due_in_s = await ledger.next_due_in_s()
    assert due_in_s is not None
    assert 25 < due_in_s <= 30
    await ledger.record([Record((), [pending_row(message_id=b"1" * 16, due_in_us=-1_000_000)])])
    overdue_s = await ledger.next_due_in_s()
    assert overdue_s is not None
    assert overdue_s <= -1


async def test_a_cancelled_delivery_is_on_record_with_its_reason_and_known(
    ledger: Ledger, database: Database
) -> None:
    for _ in range(2):
        await ledger.record([Record(cancelled=[CANCELLED])])
    (row,) = await _all(database, cancelled_delivery)
    assert (row.message_id, row.endpoint_id, row.reason) == (b"m" * 16, b"e" * 16, "gone")
    assert row.cancelled_at > 0
    assert await ledger.known([CANCELLED.key]) == {CANCELLED.key}


async def test_a_leased_delivery_is_cancelled_only_under_its_fence(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record((), [pending_row()])])
    (stale,) = await _lease(ledger, lease_s=0)
    (holder,) = await _lease(ledger)
    for due, written in ((stale, 0), (holder, 1)):
        outcome = settled(due, cancelled="gone")
        await ledger.record([Record(leased=[outcome])])
        assert len(await _all(database, cancelled_delivery)) == written
    assert await _all(database, pending_delivery) == []


async def test_an_endpoints_far_deliveries_are_made_due_now_and_no_others(
    ledger: Ledger, pending_row: Rows
) -> None:
    far, near, other = 3_600_000_000, 30_000_000, b"f" * 16
    rows = [
        pending_row(message_id=b"1" * 16, due_in_us=far),
        pending_row(message_id=b"2" * 16, due_in_us=near),
        pending_row(message_id=b"3" * 16, due_in_us=far, endpoint_id=other),
    ]
    await ledger.record([Record((), rows)])
    await ledger.expedite(b"e" * 16, beyond_s=60.0)
    assert [due.message_id for due in await _lease(ledger)] == [b"1" * 16]


async def test_a_large_group_with_everything_in_it_is_one_record(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    before = [pending_row(message_id=n.to_bytes(16)) for n in range(50)]
    await ledger.record([Record((), before)])
    leased = await _lease(ledger, rows_max=50)
    records = [
        _ends(due, attempt_row(message_id=due.message_id), None if n % 2 else 9_000_000)
        for n, due in enumerate(leased)
    ]
    records += [
        Record(
            [attempt_row(message_id=n.to_bytes(16), status=2)],
            [pending_row(message_id=n.to_bytes(16), due_in_us=9_000_000)],
        )
        for n in range(100, 150)
    ]
    assert len(await ledger.record(records)) == 50
    assert len(await _all(database, attempt)) == 100
    assert len(await _all(database, pending_delivery)) == 75


async def test_rows_that_can_never_be_stored_are_refused_and_the_next_are_taken(
    ledger: Ledger, database: Database, attempt_row: Rows, pending_row: Rows
) -> None:
    for record in (
        Record([attempt_row(url="https://example.com/\ud800")]),
        Record([attempt_row(url="https://example.com/\ud800")], [pending_row()]),
    ):
        with pytest.raises(RecordRefused):
            await ledger.record([record])
    await ledger.record([Record([attempt_row()])])
    assert len(await _all(database, attempt)) == 1
    assert await _all(database, pending_delivery) == []
