"""A worker that was stopped for longer than its lease writes nothing that another has written."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import attempt, pending_delivery
from angarium_worker.application.ledger.recorder import Recorder
from angarium_worker.application.ledger.records import Ledger, Record
from sqlalchemy import select

type Rows = Callable[..., Any]


async def _write(ledger: Ledger, record: Record) -> None:
    written = asyncio.Event()
    recorder = Recorder(ledger)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        recorder.record(record, lambda _: written.set())
        await written.wait()
        running.cancel()


async def _attempts(database: Database) -> list[tuple[bytes, int]]:
    query = select(attempt.c.message_id, attempt.c.number).order_by(attempt.c.message_id)
    async with database.engine.connect() as connection:
        return [(row[0], row[1]) for row in (await connection.execute(query)).all()]


@pytest.mark.parametrize(("sole_until_s", "attempts"), [(0.0, 2), (inf, 3)])
async def test_what_is_on_record_is_left_out_of_a_late_record(
    ledger: Ledger, database: Database, attempt_row: Rows, sole_until_s: float, attempts: int
) -> None:
    first, second = b"1" * 16, b"2" * 16
    await ledger.record([Record([attempt_row(id=b"a" * 16, message_id=first)])])

    late = [attempt_row(id=b"b" * 16, message_id=first)]
    late.append(attempt_row(id=b"c" * 16, message_id=second))
    await _write(ledger, Record(late, sole_until_s=sole_until_s))

    assert len(await _attempts(database)) == attempts
    assert (second, 1) in await _attempts(database)


async def test_a_late_hand_over_does_not_touch_what_another_holds(
    ledger: Ledger, database: Database, pending_row: Rows
) -> None:
    await ledger.record([Record(pending=[pending_row(fence=7, due_in_us=1_000)])])

    await _write(ledger, Record(pending=[pending_row(fence=8)], sole_until_s=0.0))

    async with database.engine.connect() as connection:
        (row,) = (await connection.execute(select(pending_delivery))).all()
    assert row.fence == 7
