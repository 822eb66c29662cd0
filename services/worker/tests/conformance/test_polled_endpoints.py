"""Consumers of a polled endpoint read everything, once, in one order, on both engines."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.directory import EndpointState
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.polling import (
    FIRST_POSITION,
    POLL_URL,
    ForgetConsumer,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    SeekConsumer,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_worker.adapters.database.endpoint_copy import EndpointCopyTable
from angarium_worker.adapters.database.poll_pages import PollPages
from angarium_worker.adapters.database.poll_retention import PollRetention
from angarium_worker.adapters.database.postgres.ledger import PostgresLedger
from angarium_worker.adapters.database.sqlite.ledger import SqliteLedger
from angarium_worker.adapters.database.tables import attempt, poll_clock, poll_consumer
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from angarium_worker.application.operations.poll_queries import CONSUMERS_MAX, PollQueries
from angarium_worker.domain.poll_order import tick_of
from sqlalchemy import select

from ..outcomes import settled

type Rows = Callable[..., Any]
type MakeRow = Callable[..., AttemptRow]

ENDPOINT, OTHER = b"e" * 16, b"f" * 16
NOW_MS = 1_780_000_000_000


@pytest.fixture
def pages(database: Database) -> PollPages:
    return PollPages(database)


@pytest.fixture
def polled(attempt_row: Rows) -> MakeRow:
    """Makes attempts at a polled endpoint; `number` tells messages apart."""

    def make(number: int, **members: Any) -> AttemptRow:
        names = {
            "url": POLL_URL,
            "response_status": 0,
            "response": b"",
            "message_id": message(number),
        }
        row: AttemptRow = attempt_row(**names | members)
        return row if "id" in members else row._replace(id=time_id(NOW_MS, number))

    return make


def message(number: int) -> bytes:
    return time_id(NOW_MS - 1_000, number)


def time_id(at_ms: int, number: int) -> bytes:
    return lowest_id_at(at_ms)[:6] + b"\x70\x00" + number.to_bytes(8)


async def everything(pages: PollPages, limit: int = 2, **filters: Any) -> list[bytes]:
    """All messages of the endpoint, read page by page."""
    found: list[bytes] = []
    page = PolledDeliveries((), FIRST_POSITION, done=False)
    while not page.done:
        page = await pages.poll(PollDeliveries(ENDPOINT, page.upto, limit, **filters))
        found += [each.message_id for each in page.items]
    return found


async def test_pages_give_every_message_once_in_the_order_of_recording(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(3), polled(1)]), Record([polled(2)])])
    await ledger.record([Record([polled(0, endpoint_id=OTHER)])])
    assert await everything(pages) == [message(3), message(1), message(2)]


async def test_the_clock_stands_at_the_last_attempt(
    ledger: Ledger, polled: MakeRow, database: Database
) -> None:
    for numbers in ((1, 2, 3), (4,), (5, 6)):
        await ledger.record([Record([polled(number) for number in numbers])])
        async with database.reading.connect() as connection:
            ids = (await connection.scalars(select(attempt.c.id))).all()
            clock = await connection.scalar(select(poll_clock.c.tick))
        assert clock == max(tick_of(bytes(each)) for each in ids)
        assert len({tick_of(bytes(each)) for each in ids}) == numbers[-1]


async def test_an_attempt_that_is_recorded_late_comes_after_what_was_read_before(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    """Its id was made first, as by a worker that lost its database for a while."""
    late = polled(1, id=time_id(NOW_MS - 500, 1))
    await ledger.record([Record([polled(2)])])
    first = await pages.poll(PollDeliveries(ENDPOINT))
    await ledger.record([Record([late])])
    second = await pages.poll(PollDeliveries(ENDPOINT, first.upto))
    assert [each.message_id for each in second.items] == [message(1)]


async def test_nothing_committed_concurrently_is_passed_by(
    database: Database, pages: PollPages, polled: MakeRow
) -> None:
    """Three ledgers write, with ids in any order and transactions of any size, to two endpoints,
    while a consumer reads on."""
    of_engine = PostgresLedger if database.on_postgres else SqliteLedger
    ledgers = [of_engine(database) for _ in range(3)]
    chance = random.Random(7)
    messages = list(range(90))
    chance.shuffle(messages)
    read: list[bytes] = []
    writing = True

    async def write(ledger: PostgresLedger | SqliteLedger, numbers: list[int]) -> None:
        while numbers:
            count = chance.randint(1, 4)
            some, numbers = numbers[:count], numbers[count:]
            rows = [polled(each) for each in some]
            rows += [
                polled(each, endpoint_id=OTHER, id=time_id(NOW_MS, 1_000 + each)) for each in some
            ]
            chance.shuffle(rows)
            await ledger.record([Record([row]) for row in rows])

    async def read_on(upto: bytes) -> PolledDeliveries:
        page = await pages.poll(PollDeliveries(ENDPOINT, upto, chance.randint(1, 9)))
        read.extend(each.message_id for each in page.items)
        return page

    async def consume() -> None:
        page = PolledDeliveries((), FIRST_POSITION)
        while writing:
            page = await read_on(page.upto)
        # What was committed after the last page had been read is on the next ones.
        page = await read_on(page.upto)
        while not page.done:
            page = await read_on(page.upto)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        async with asyncio.TaskGroup() as writers:
            for place, ledger in enumerate(ledgers):
                writers.create_task(write(ledger, messages[place::3]))
        writing = False
    for ledger in ledgers:
        await ledger.close()
    async with database.engine.connect() as connection:
        query = select(attempt.c.message_id).where(attempt.c.endpoint_id == ENDPOINT)
        recorded = list((await connection.execute(query.order_by(attempt.c.id))).scalars())
    assert read == recorded
    assert set(read) == {message(each) for each in messages}


async def test_a_record_that_is_written_again_adds_nothing(
    ledger: Ledger, pages: PollPages, polled: MakeRow, attempt_row: Rows
) -> None:
    """As after a commit that was not confirmed; with it a pushed attempt, which conflicts."""
    record = Record([polled(1), attempt_row(message_id=message(9), endpoint_id=OTHER), polled(2)])
    await ledger.record([record])
    await ledger.record([record, Record([polled(3)])])
    assert await everything(pages) == [message(1), message(2), message(3)]


async def test_a_message_that_is_resent_is_available_again(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(1), polled(2)])])
    first = await pages.poll(PollDeliveries(ENDPOINT))
    await ledger.record([Record([polled(1, id=time_id(NOW_MS, 100), trigger=1)])])
    second = await pages.poll(PollDeliveries(ENDPOINT, first.upto))
    assert [each.message_id for each in second.items] == [message(1)]


async def test_a_leased_attempt_counts_only_while_its_fence_holds(
    ledger: Ledger, pages: PollPages, polled: MakeRow, pending_row: Rows
) -> None:
    await ledger.record([Record(pending=[pending_row(message_id=message(1))])])
    (due,) = await ledger.lease_due(rows_max=1, bytes_max=1_000_000, lease_s=60)
    record = Record(leased=[settled(due, None, 1, polled(1))])
    assert await ledger.record([record]) == {due.key}
    assert await ledger.record([record]) == frozenset()
    assert await everything(pages) == [message(1)]


async def test_no_message_accepted_after_a_time_is_before_the_position_of_that_time(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    """The worker's clock is a minute behind that of the gateway."""
    behind = polled(1, id=time_id(NOW_MS - 60_000, 1))
    await ledger.record([Record([behind])])
    after = lowest_id_at(NOW_MS - 1_000)
    page = await pages.poll(PollDeliveries(ENDPOINT, after))
    assert [each.message_id for each in page.items] == [message(1)]


async def test_filters_pass_by_other_messages_within_bounds(
    database: Database, ledger: Ledger, polled: MakeRow
) -> None:
    pages = PollPages(database, looked_through_max=3)
    rows = [polled(each, event_type="a" if each % 5 else "b") for each in range(11)]
    rows[5] = rows[5]._replace(channels=("x", "y"))
    await ledger.record([Record(rows)])
    assert await everything(pages, 3, event_type="b") == [message(0), message(5), message(10)]
    assert await everything(pages, 3, event_type="b", channel="y") == [message(5)]
    page = await pages.poll(PollDeliveries(ENDPOINT, limit=1, channel="x"))
    assert (page.items, page.done) == ((), False)


async def test_failures_of_a_worker_that_does_not_know_polling_are_not_messages(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(1, status=2, failure="url_refused"), polled(2)])])
    assert await everything(pages) == [message(2)]


async def test_a_consumer_gets_the_same_page_until_it_confirms_it(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(each) for each in range(4)])])
    first = await pages.poll_as(PollAsConsumer(ENDPOINT, "c", 3))
    again = await pages.poll_as(PollAsConsumer(ENDPOINT, "c", 3))
    assert again == first
    assert [each.message_id for each in first.items] == [message(0), message(1), message(2)]
    second = await pages.poll_as(PollAsConsumer(ENDPOINT, "c", 3, first.upto, first.generation))
    assert ([each.message_id for each in second.items], second.done) == ([message(3)], True)
    # The request may arrive twice, or late: a position never goes back.
    early = first.items[0].position
    late = await pages.poll_as(PollAsConsumer(ENDPOINT, "c", 3, early, first.generation))
    assert late == second
    other = await pages.poll_as(PollAsConsumer(ENDPOINT, "d", 3))
    assert other == first


async def test_a_position_from_before_a_seek_confirms_nothing(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(each) for each in range(2)])])
    read = await pages.poll_as(PollAsConsumer(ENDPOINT, "c"))
    sought = await pages.seek(SeekConsumer(ENDPOINT, "c", FIRST_POSITION))
    page = await pages.poll_as(PollAsConsumer(ENDPOINT, "c", 50, read.upto, read.generation))
    assert page.items == read.items
    assert page.generation == sought.generation == read.generation + 1
    confirmed = PollAsConsumer(ENDPOINT, "c", 50, page.upto, page.generation)
    assert (await pages.poll_as(confirmed)).items == ()


async def test_consumers_tell_how_far_they_are_behind(
    ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(each) for each in range(3)])])
    first = await pages.poll_as(PollAsConsumer(ENDPOINT, "slow", 1))
    await pages.poll_as(PollAsConsumer(ENDPOINT, "slow", 1, first.upto, 0))
    await pages.seek(SeekConsumer(ENDPOINT, "ahead", lowest_id_at(NOW_MS + 60_000)))
    ahead, slow = (await pages.consumers(ENDPOINT)).consumers
    assert (ahead.name, ahead.behind, ahead.waiting_since) == ("ahead", 0, None)
    assert (slow.name, slow.behind, slow.position) == ("slow", 2, first.upto)
    assert slow.waiting_since is not None
    assert slow.waiting_since.timestamp() * 1_000 == NOW_MS


async def test_what_is_stored_of_an_endpoint_goes_with_it(
    database: Database, ledger: Ledger, pages: PollPages, polled: MakeRow
) -> None:
    await ledger.record([Record([polled(1), polled(2, endpoint_id=OTHER)])])
    for endpoint_id in (ENDPOINT, OTHER):
        await pages.seek(SeekConsumer(endpoint_id, "c", FIRST_POSITION))
    state = EndpointState(ENDPOINT, b"t" * 16, b"a" * 16, 2, POLL_URL, (), deleted=True)
    await EndpointCopyTable(database).store([state], None)
    assert await RetentionLoop(database, {"polled endpoints": PollRetention()}).turn()
    async with database.engine.connect() as connection:
        for table in (poll_clock, poll_consumer):
            kept = (await connection.execute(select(table.c.endpoint_id))).scalars().all()
            assert kept == [OTHER]


async def test_the_number_of_consumers_is_bounded(pages: PollPages) -> None:
    queries = PollQueries(pages)
    for number in range(CONSUMERS_MAX):
        await pages.seek(SeekConsumer(ENDPOINT, str(number), FIRST_POSITION))
    refused = await queries.answer(PollAsConsumer(ENDPOINT, "one more"))
    assert isinstance(refused, Problem)
    assert refused.code is ProblemCode.CONFLICT
    assert isinstance(await queries.answer(ForgetConsumer(ENDPOINT, "7")), Done)
    gone = await queries.answer(ForgetConsumer(ENDPOINT, "7"))
    assert isinstance(gone, Problem)
    assert not isinstance(await queries.answer(PollAsConsumer(ENDPOINT, "one more")), Problem)
    too_many = await queries.answer(PollDeliveries(ENDPOINT, limit=251))
    assert isinstance(too_many, Problem)
