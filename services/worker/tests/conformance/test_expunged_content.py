"""Content that is deleted is in no table any more; on both engines."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import EXPUNGED_RESPONSE, AttemptFound, ExpungeAttempt, GetAttempt
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.queries import Done, Problem
from angarium_worker.adapters.database.attempt_pages import AttemptPages
from angarium_worker.adapters.database.stored_content import StoredContentTables
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    pending_delivery,
    tables,
)
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.application.operations.expunge_content import ExpungeContent
from angarium_worker.domain.delivery import Delivery
from sqlalchemy import Table, select

from ..outcomes import settled

type Rows = Callable[..., Any]

LEASE_S = 60.0
MINUTE_US = 60_000_000
MESSAGE = b"m" * 16
CANARY = b'{"card":"canary-4242"}'
COMMAND = ExpungeMessage(message_id=MESSAGE, reason="deleted")


@pytest.fixture
def expunge(database: Database, manual_ledger: ManualLedger) -> ExpungeContent:
    content = StoredContentTables(database, lease_s=LEASE_S)
    return ExpungeContent(manual_ledger, content, WorkerCounters(), lease_s=LEASE_S)


async def rows_of(database: Database, table: Table) -> list[Any]:
    async with database.engine.connect() as connection:
        return list((await connection.execute(select(table))).all())


async def places_of_the_canary(database: Database) -> list[str]:
    """Every column of every table that contains it."""

    def found() -> Iterator[str]:
        for table, rows in kept:
            for row in rows:
                for column, value in row._mapping.items():
                    if b"canary" in (value if isinstance(value, bytes) else str(value).encode()):
                        yield f"{table.name}.{column}"

    kept = [(table, await rows_of(database, table)) for table in tables.sorted_tables]
    return sorted(found())


async def lease(ledger: Ledger, rows_max: int = 9) -> list[Delivery]:
    return await ledger.lease_due(rows_max=rows_max, bytes_max=1_000_000, lease_s=LEASE_S)


async def test_nothing_of_a_message_is_left(
    expunge: ExpungeContent,
    ledger: Ledger,
    database: Database,
    attempt_row: Rows,
    pending_row: Rows,
) -> None:
    of_others = attempt_row(message_id=b"n" * 16, response=b"kept")
    pending = [
        pending_row(endpoint_id=bytes([n]) * 16, payload=CANARY, due_in_us=n * 90 * MINUTE_US)
        for n in range(3)
    ]
    soon = pending_row(endpoint_id=b"s" * 16, payload=CANARY, due_in_us=MINUTE_US // 2)
    failed = [attempt_row(status=2, response=b"I got " + CANARY) for _ in range(3)]
    await ledger.record([Record([*failed, of_others], [*pending, soon])])
    assert len(await places_of_the_canary(database)) == 7

    answer = await expunge.answer(COMMAND)
    assert answer == DeliveriesChanged(count=4, attempts=3, pending_deliveries=4)
    assert await places_of_the_canary(database) == []
    assert len(await rows_of(database, attempt)) == 4
    answers = {row.id: row.response for row in await rows_of(database, attempt)}
    assert answers[of_others.id] == b"kept"
    assert {answers[row.id] for row in failed} == {EXPUNGED_RESPONSE.encode()}
    # What is due within a lease may be held by a worker, which ends it: nothing is sent of it.
    ended = {row.endpoint_id for row in await rows_of(database, cancelled_delivery)}
    assert ended == {each.endpoint_id for each in pending}
    again = await expunge.answer(COMMAND)
    assert isinstance(again, DeliveriesChanged)
    assert again.done
    # However often it is carried out, a receipt counts the same rows.
    assert (again.attempts, again.pending_deliveries) == (3, 4)


async def test_an_attempt_under_way_is_waited_for(
    expunge: ExpungeContent,
    ledger: Ledger,
    database: Database,
    attempt_row: Rows,
    pending_row: Rows,
) -> None:
    await ledger.record([Record((), [pending_row(payload=CANARY, attempts_made=0)])])
    (held,) = await lease(ledger)
    answer = await expunge.answer(COMMAND)
    assert isinstance(answer, DeliveriesChanged)
    assert not answer.done
    assert await places_of_the_canary(database) == []

    row = attempt_row(status=2, response=CANARY, message_id=held.message_id)
    await ledger.record([Record(leased=[settled(held, MINUTE_US, 1, row)])])
    assert await places_of_the_canary(database) == ["attempt.response"]
    (cancelled,) = await lease(ledger)
    assert (cancelled.cancelled, cancelled.payload) == ("deleted", b"")
    await ledger.record([Record(leased=[settled(cancelled, None, 1, None)])])
    answer = await expunge.answer(COMMAND)
    assert answer == DeliveriesChanged(count=0, attempts=1)
    assert await places_of_the_canary(database) == []


async def test_pending_deliveries_are_kept_if_asked(
    expunge: ExpungeContent,
    ledger: Ledger,
    database: Database,
    attempt_row: Rows,
    pending_row: Rows,
) -> None:
    keeping = ExpungeMessage(message_id=MESSAGE, reason="deleted", keep_pending=True)
    pending = pending_row(payload=CANARY, due_in_us=90 * MINUTE_US)
    await ledger.record([Record([attempt_row(status=2, response=CANARY)], [pending])])
    assert await expunge.answer(keeping) == DeliveriesChanged(count=0, done=False)
    assert await places_of_the_canary(database) == ["attempt.response", "pending_delivery.payload"]
    await expunge.answer(COMMAND)
    kept = await expunge.answer(keeping)
    assert kept == DeliveriesChanged(count=0, attempts=1, pending_deliveries=1)
    assert await places_of_the_canary(database) == []


async def test_the_answer_of_one_attempt_is_deleted(
    expunge: ExpungeContent, ledger: Ledger, database: Database, attempt_row: Rows
) -> None:
    told, other = attempt_row(response=CANARY), attempt_row(response=b"ok")
    await ledger.record([Record([told, other])])
    command = ExpungeAttempt(message_id=MESSAGE, attempt_id=told.id)
    for _ in range(2):
        assert await expunge.answer(command) == Done()
    assert await places_of_the_canary(database) == []
    pages = AttemptPages(database, lambda _: None)
    found = await pages.answer(GetAttempt(message_id=MESSAGE, attempt_id=told.id))
    assert isinstance(found, AttemptFound)
    assert found.attempt.response == EXPUNGED_RESPONSE
    assert {row.response for row in await rows_of(database, attempt)} == {b"EXPUNGED", b"ok"}
    foreign = ExpungeAttempt(message_id=b"n" * 16, attempt_id=other.id)
    assert isinstance(await expunge.answer(foreign), Problem)


async def test_a_delivery_that_is_wanted_again_gets_its_payload_again(
    manual_ledger: ManualLedger,
    expunge: ExpungeContent,
    ledger: Ledger,
    database: Database,
    pending_row: Rows,
) -> None:
    """Resent by a request that had read the payload before it was deleted."""
    pending = pending_row(payload=CANARY, due_in_us=MINUTE_US // 2)
    await ledger.record([Record((), [pending])])
    await expunge.answer(COMMAND)
    await manual_ledger.resend([pending._replace(content_type="text/csv")], only_missing=False)
    (row,) = await rows_of(database, pending_delivery)
    assert (row.cancelled, row.payload, row.content_type) == (None, CANARY, "text/csv")
