"""Every attempt is counted exactly once, on both engines, whatever happens meanwhile."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.latency_histogram import bucket_of, unpack
from angarium_chassis.statistics.recording_order import follow_restored
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution, start_of
from angarium_chassis.statistics.roller import Roller
from angarium_chassis.statistics.rollup_audit import Difference
from angarium_contracts.ids import lowest_id_at
from angarium_worker.adapters.database.delivery_rollups import counted_ledgers, orders
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    delivery_rollup,
    rollup_position,
)
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from angarium_worker.domain.delivery import Delivery
from angarium_worker.examination.statistics import audited_cancellations, audited_rollups
from sqlalchemy import delete, func, insert, select, update

type Rows = Callable[..., Any]

on_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)

HOUR_US = LENGTH_US[Resolution.HOUR]
NOW_US = start_of(time.time_ns() // 1_000, Resolution.HOUR)
ENDPOINT, OTHER = b"e" * 16, b"f" * 16


def made_at(row: Rows, at_us: int, **more: Any) -> AttemptRow:
    """An attempt that ended at this time."""
    found: AttemptRow = row(ended_at_us=at_us, **({"endpoint_id": ENDPOINT} | more))
    at = lowest_id_at(at_us // 1_000)[:6]
    return found._replace(id=at + found.id[6:], message_id=at + found.id[6:])


def roller_of(database: Database, **more: Any) -> Roller:
    return Roller(database, counted_ledgers(database), every_s=1.0, **more)


async def rows_of(database: Database, resolution: Resolution) -> dict[int, Any]:
    query = select(delivery_rollup).where(delivery_rollup.c.resolution == int(resolution))
    async with database.reading.connect() as connection:
        return {row.starts_at: row for row in (await connection.execute(query)).all()}


async def total(database: Database) -> int:
    """Attempts in the roll-ups of days."""
    days = (await rows_of(database, Resolution.DAY)).values()
    return sum(row.delivered + row.failed for row in days)


async def differences(database: Database) -> list[Difference]:
    since_us, until_us = NOW_US - 24 * HOUR_US, NOW_US + 24 * HOUR_US
    return [
        each
        for audited in (audited_rollups(database), audited_cancellations(database))
        async for owner in audited.owners(database, since_us, until_us)
        for each in await audited.differences(database, owner, since_us, until_us)
    ]


async def test_attempts_are_counted_by_the_minute_in_which_they_ended(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    first = made_at(attempt_row, NOW_US + 1_000_000, duration_ms=7)
    late = made_at(attempt_row, NOW_US + 61_000_000, duration_ms=70)
    failed = made_at(
        attempt_row, NOW_US + 62_000_000, status=2, number=2, retry_in_us=None, duration_ms=9
    )
    await ledger.record([Record([first, late, failed])])
    await roller_of(database).turn()
    minutes = await rows_of(database, Resolution.MINUTE)
    assert sorted(minutes) == [NOW_US, NOW_US + 60_000_000]
    second = minutes[NOW_US + 60_000_000]
    assert (second.first_attempts, second.delivered, second.failed) == (1, 1, 1)
    assert (second.retried, second.exhausted, second.cancelled) == (1, 1, 0)
    assert unpack(second.durations) == {bucket_of(70): 1, bucket_of(9): 1}
    (hour,) = (await rows_of(database, Resolution.HOUR)).values()
    assert (hour.delivered, hour.failed, unpack(hour.durations).total()) == (2, 1, 3)
    assert await differences(database) == []


async def test_what_is_counted_is_not_counted_again(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    roller = roller_of(database, rows_max=2)
    await ledger.record([Record([made_at(attempt_row, NOW_US + each) for each in range(5)])])
    await roller.turn()
    await roller.turn()
    assert await total(database) == 5
    # Recorded late, and at a time that was counted long ago.
    await ledger.record([Record([made_at(attempt_row, NOW_US - HOUR_US)])])
    await roller.turn()
    assert await total(database) == 6
    assert await differences(database) == []


async def test_rollers_of_several_processes_count_once(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await ledger.record([Record([made_at(attempt_row, NOW_US + each) for each in range(50)])])
    rollers = [roller_of(database, rows_max=7) for _ in range(3)]
    await asyncio.gather(*[roller.turn() for roller in rollers])
    await rollers[0].turn()
    assert await total(database) == 50
    assert await differences(database) == []


async def test_a_roller_that_dies_halfway_leaves_no_trace(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await ledger.record([Record([made_at(attempt_row, NOW_US + each) for each in range(3)])])
    made, cancelled = counted_ledgers(database)

    class Killed(Exception):
        pass

    class DiesAfterAdding(type(made.rollups)):  # type: ignore[misc]
        def __init__(self) -> None:
            self.__dict__.update(made.rollups.__dict__)

        async def add(self, *rows: Any) -> None:
            await super().add(*rows)
            raise Killed

    dying = Roller(database, [replace(made, rollups=DiesAfterAdding()), cancelled], every_s=1.0)
    with pytest.raises(Killed):
        await dying.turn()
    assert await total(database) == 0
    await roller_of(database).turn()
    assert await total(database) == 3


@on_postgres  # On SQLite, one transaction writes at a time.
async def test_a_transaction_that_ends_after_later_ones_is_counted(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await ledger.record([Record([made_at(attempt_row, NOW_US)])])
    async with database.engine.connect() as connection:
        slow = await connection.begin()
        row = dict((await connection.execute(select(attempt))).one()._mapping)
        row |= {"id": lowest_id_at(NOW_US // 1_000 + 5), "message_id": b"n" * 16}
        del row["recorded_in"]
        await connection.execute(insert(attempt), [row])
        await ledger.record([Record([made_at(attempt_row, NOW_US + 2)])])
        await roller_of(database).turn()
        assert await total(database) == 1
        await slow.commit()
    await roller_of(database).turn()
    assert await total(database) == 3
    assert await differences(database) == []


async def test_attempts_are_counted_after_the_newest_ones_were_deleted(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    roller = roller_of(database)
    await ledger.record([Record([made_at(attempt_row, NOW_US + each) for each in range(3)])])
    await roller.turn()
    async with database.engine.begin() as connection:
        await connection.execute(delete(attempt))
    await ledger.record([Record([made_at(attempt_row, NOW_US + 9 + each) for each in range(4)])])
    await roller.turn()
    assert await total(database) == 7


@on_postgres  # On SQLite, row numbers are restored with the rows.
async def test_a_dump_restored_into_a_younger_cluster_is_counted_on(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await ledger.record([Record([made_at(attempt_row, NOW_US)])])
    await roller_of(database).turn()
    await ledger.record([Record([made_at(attempt_row, NOW_US + 1)])])
    ahead = 1_000_000_000
    async with database.engine.begin() as connection:
        await connection.execute(update(attempt).values(recorded_in=attempt.c.recorded_in + ahead))
        of_attempts = rollup_position.c.ledger == "attempt"
        position = rollup_position.c.position + ahead
        await connection.execute(
            update(rollup_position).where(of_attempts).values(position=position)
        )
    for _ in range(2):
        await follow_restored(database, *orders(database))
    await ledger.record([Record([made_at(attempt_row, NOW_US + 2)])])
    await roller_of(database).turn()
    assert await total(database) == 3
    await follow_restored(database, *orders(database))
    await ledger.record([Record([made_at(attempt_row, NOW_US + 3)])])
    await roller_of(database).turn()
    assert await total(database) == 4
    assert await differences(database) == []


async def put_cancelled(database: Database, message_id: bytes = b"m" * 16) -> None:
    row = {
        "message_id": message_id,
        "endpoint_id": ENDPOINT,
        "application_id": b"a" * 16,
        "tenant_id": b"t" * 16,
        "event_type": "invoice.paid",
        "reason": "gone",
        "cancelled_at": NOW_US - HOUR_US + 5,
    }
    async with database.engine.begin() as connection:
        await connection.execute(insert(cancelled_delivery), [row])


async def test_cancelled_deliveries_are_counted(database: Database) -> None:
    await put_cancelled(database)
    await roller_of(database).turn()
    (minute,) = (await rows_of(database, Resolution.MINUTE)).values()
    starts_at = NOW_US - HOUR_US
    assert (minute.starts_at, minute.cancelled, minute.delivered) == (starts_at, 1, 0)
    assert await differences(database) == []


async def test_a_cancelled_delivery_that_is_sent_again_stays_counted(
    database: Database, manual_ledger: ManualLedger
) -> None:
    await put_cancelled(database)
    await roller_of(database).turn()
    delivery = Delivery(b"m" * 16, ENDPOINT, b"a" * 16, b"t" * 16, "invoice.paid", b"{}", 1)
    await manual_ledger.resend([delivery], only_missing=False)
    await roller_of(database).turn()
    (day,) = (await rows_of(database, Resolution.DAY)).values()
    assert day.cancelled == 1
    assert await differences(database) == []


async def test_a_copy_of_a_cancelled_delivery_is_counted_with_it(
    database: Database, ledger: Ledger, manual_ledger: ManualLedger, pending_row: Rows
) -> None:
    await put_cancelled(database)
    await roller_of(database).turn()
    # A copy of its chunk, which another worker recorded after the cancellation.
    await ledger.record([Record([], [pending_row(endpoint_id=ENDPOINT)])])
    found = await manual_ledger.cancel(
        message_id=b"m" * 16,
        endpoint_id=None,
        reason="not wanted",
        by_hand=True,
        rows_max=9,
        lease_s=0.0,
    )
    assert found.ended == 1
    await roller_of(database).turn()
    hours = await rows_of(database, Resolution.HOUR)
    assert {at_us: hour.cancelled for at_us, hour in hours.items()} == {NOW_US - HOUR_US: 1}
    assert await differences(database) == []


async def test_the_audit_reports_cancellations_that_are_not_counted(database: Database) -> None:
    # A message may be much older than the cancellation of its delivery.
    for message_id in (bytes(15) + b"o", lowest_id_at(NOW_US // 1_000)):
        await put_cancelled(database, message_id)
    await roller_of(database).turn()
    assert await differences(database) == []
    async with database.engine.begin() as connection:
        hours = delivery_rollup.c.resolution == int(Resolution.HOUR)
        await connection.execute(update(delivery_rollup).where(hours).values(cancelled=1))
    (found,) = await differences(database)
    assert (found.column, found.on_record, found.counted) == ("cancelled", 2, 1)


async def test_the_audit_reports_what_differs(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await ledger.record([Record([made_at(attempt_row, NOW_US)])])
    await roller_of(database).turn()
    async with database.engine.begin() as connection:
        minutes = delivery_rollup.c.resolution == int(Resolution.MINUTE)
        await connection.execute(update(delivery_rollup).where(minutes).values(delivered=2))
    (found,) = await differences(database)
    assert (found.column, found.on_record, found.counted) == ("delivered", 1, 2)
    async with database.engine.begin() as connection:
        await connection.execute(delete(delivery_rollup))
    assert {each.column for each in await differences(database)} == {
        "first_attempts",
        "delivered",
        "durations",
        "latencies",
    }


async def test_the_lag_is_the_age_of_what_waits(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    roller = roller_of(database)
    await roller.turn()
    assert roller.lag_s == 0
    await ledger.record([Record([made_at(attempt_row, NOW_US)])])
    made, _ = orders(database)
    async with database.reading.connect() as connection:
        before = await made.complete_at_us(connection)
    await roller.turn()
    async with database.reading.connect() as connection:
        after = await made.complete_at_us(connection)
        count = await connection.scalar(select(func.count()).select_from(delivery_rollup))
    assert before < after
    assert count == 3
