"""The schedule on both engines: nothing goes out early or twice, and nothing is forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.stream_names import stream_number
from angarium_gateway.adapters.database import schedule as schedule_module
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.schedule import OPENED_MAX, ScheduleTable
from angarium_gateway.adapters.database.tables import scheduled_message
from angarium_gateway.application.accept.journal import ScheduledCommits
from angarium_gateway.application.publish.schedule import Schedule
from angarium_gateway.domain.messages import (
    Committed,
    EarlierRequest,
    EventTaken,
    KeyTaken,
    NewMessage,
)
from sqlalchemy import select, update

from .conftest import (
    APPLICATION,
    KEY_LIFE_US,
    OWNER,
    AnyJournal,
    Clock,
    a_batch,
    a_message,
    batch_rows,
    message_ids,
    new_id,
    open_journal,
)

OTHER = "f" * 32
LATER = timedelta(hours=1)


def at(ahead: timedelta) -> datetime:
    """A time by the machine's clock, which is the databases' too."""
    return datetime.now(UTC) + ahead


def due(ago_s: float = 60, **more: object) -> NewMessage:
    return a_message(deliver_at=at(timedelta(seconds=-ago_s)), **more)


def ahead(**more: object) -> NewMessage:
    return a_message(deliver_at=at(LATER), **more)


@pytest.fixture
def schedule(database: Database) -> ScheduleTable:
    return ScheduleTable(database)


async def scheduled_ids(database: Database) -> set[bytes]:
    async with database.reading.connect() as connection:
        rows = await connection.scalars(select(scheduled_message.c.message_id))
        return {bytes(one) for one in rows}


async def make_due(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(update(scheduled_message).values(deliver_at=1))


async def test_a_scheduled_message_is_in_the_journal_and_in_no_batch(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    port: ScheduledCommits = journal
    message = ahead(
        event_id="e", channels=("c",), tags=("t",), trace="00-1", content_type="text/csv"
    )
    assert await port.schedule([message]) == [Committed(0)]
    assert await batch_rows(database) == {}
    assert await scheduled_ids(database) == {message.id}
    found = await StoredMessages(database).find(APPLICATION, "e", with_content=True)
    assert found is not None
    assert (found.id, found.payload, found.tags) == (message.id, message.payload, ("t",))
    assert (found.deliver_at, found.canceled_at) == (message.deliver_at, None)
    assert found.content_type == "text/csv"
    port_of_times: Schedule = schedule
    wait_s = await port_of_times.next_due_in_s()
    assert wait_s is not None
    assert LATER.total_seconds() - 30 < wait_s <= LATER.total_seconds() + 1


async def test_keys_and_event_ids_are_taken_as_in_a_group_commit(
    journal: AnyJournal, database: Database
) -> None:
    key, request = b"k" * 16, b"r" * 16
    first = ahead(event_id="e", key_digest=key, request_digest=request)
    assert await journal.schedule([first]) == [Committed(0)]
    assert await journal.schedule(
        [
            ahead(event_id="e"),
            ahead(key_digest=key, request_digest=request),
            ahead(event_id="f"),
            ahead(event_id="f"),
        ]
    ) == [EventTaken(), KeyTaken(), Committed(0), EventTaken()]
    earlier = await journal.earlier(key)
    assert isinstance(earlier, EarlierRequest)
    assert earlier.request_digest == request
    assert earlier.message is not None
    assert (earlier.message.id, earlier.message.deliver_at) == (first.id, first.deliver_at)
    # And by an ordinary message, as the repeat of a request whose time has passed is one.
    repeat = a_message(key_digest=key, request_digest=request)
    assert await journal.commit(a_batch(repeat)) == [KeyTaken()]
    assert await journal.commit(a_batch(a_message(event_id="f"))) == [EventTaken()]
    assert len(await scheduled_ids(database)) == 2
    assert await batch_rows(database) == {}


async def test_an_expired_key_is_new_again(
    journal: AnyJournal, clock: Clock, database: Database
) -> None:
    keyed = {"key_digest": b"k" * 16, "request_digest": b"r" * 16}
    assert await journal.schedule([ahead(**keyed)]) == [Committed(0)]
    clock.now_us += KEY_LIFE_US + 1
    assert await journal.schedule([ahead(**keyed)]) == [Committed(0)]


async def test_what_is_due_goes_into_a_batch_in_the_order_of_its_time(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    third, first, second, later = due(10), due(30), due(20), ahead()
    await journal.schedule([third, first, second, later])
    wait_s = await schedule.next_due_in_s()
    assert wait_s is not None
    assert wait_s <= 0
    assert await schedule.open_due(OWNER, stream_count=1) == 3
    (row,) = (await batch_rows(database)).values()
    assert message_ids(row) == [first.id, second.id, third.id]
    assert bytes(row.id) == min(first.id, second.id, third.id)
    assert (row.owner, row.stream_number, row.publication, row.published) == (OWNER, 0, 1, False)
    assert row.bytes == first.size_bytes * 3
    assert await scheduled_ids(database) == {later.id}
    (stored,) = await BatchTable(database).unpublished(OWNER, bytes_max=1 << 30)
    assert [one.payload for one in stored.messages] == [first.payload] * 3


async def test_nothing_is_opened_before_its_time(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    assert await schedule.next_due_in_s() is None
    await journal.schedule([ahead()])
    assert await schedule.open_due(OWNER, stream_count=1) == 0
    assert await batch_rows(database) == {}


async def test_each_stream_number_gets_a_batch_of_its_own(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    messages = [due(application_id=new_id()) for _ in range(9)]
    await journal.schedule(messages)
    assert await schedule.open_due(OWNER, stream_count=3) == 9
    rows = list((await batch_rows(database)).values())
    expected = {stream_number(one.application_id, 3) for one in messages}
    assert {row.stream_number for row in rows} == expected
    numbers = {one.id: stream_number(one.application_id, 3) for one in messages}
    for row in rows:
        assert {numbers[one] for one in message_ids(row)} == {row.stream_number}
    assert sum(len(message_ids(row)) for row in rows) == 9


async def test_at_most_so_many_are_opened_at_once(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    await journal.schedule([due() for _ in range(OPENED_MAX + 1)])
    assert await schedule.open_due(OWNER, stream_count=1) == OPENED_MAX
    assert await schedule.open_due(OWNER, stream_count=1) == 1
    assert await schedule.open_due(OWNER, stream_count=1) == 0


async def test_large_messages_are_opened_in_bounded_batches_but_one_at_least(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    half = b'{"a": "' + b"x" * (schedule_module.OPENED_BYTES_MAX // 2) + b'"}'
    whole = b'{"a": "' + b"x" * schedule_module.OPENED_BYTES_MAX + b'"}'
    await journal.schedule([due(40, payload=half), due(30, payload=half), due(20, payload=whole)])
    opened = [await schedule.open_due(OWNER, stream_count=1) for _ in range(4)]
    assert opened == [1, 1, 1, 0]


async def test_replicas_that_look_at_the_same_time_open_each_message_once(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    messages = [due() for _ in range(500)]
    await journal.schedule(messages)

    async def take(owner: str) -> None:
        while await scheduled_ids(database):
            await schedule.open_due(owner, stream_count=1)

    await asyncio.gather(*[take(owner * 32) for owner in "abcd"])
    opened = [one for row in (await batch_rows(database)).values() for one in message_ids(row)]
    assert sorted(opened) == sorted(one.id for one in messages)


async def test_a_cancelled_message_is_off_the_schedule_and_says_when(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    message, other = ahead(event_id="e"), ahead()
    await journal.schedule([message, other])
    assert not await schedule.cancel(new_id(), message.id)
    before = at(timedelta(seconds=-1))
    assert await schedule.cancel(APPLICATION, message.id)
    assert not await schedule.cancel(APPLICATION, message.id)
    assert await scheduled_ids(database) == {other.id}
    found = await StoredMessages(database).find(APPLICATION, "e", with_content=False)
    assert found is not None
    assert found.canceled_at is not None
    assert before < found.canceled_at < at(timedelta(seconds=1))
    await make_due(database)
    assert await schedule.open_due(OTHER, stream_count=1) == 1
    assert not await schedule.cancel(APPLICATION, other.id)


async def test_cancelling_and_opening_never_both_succeed(
    journal: AnyJournal, schedule: ScheduleTable, database: Database
) -> None:
    messages = [due() for _ in range(60)]
    await journal.schedule(messages)
    cancels = [schedule.cancel(APPLICATION, one.id) for one in messages]
    opens = [schedule.open_due(OWNER, stream_count=1) for _ in range(3)]
    *cancelled, _, _, _ = await asyncio.gather(*cancels, *opens)
    while await schedule.open_due(OWNER, stream_count=1):
        pass
    opened = {one for row in (await batch_rows(database)).values() for one in message_ids(row)}
    for message, was_cancelled in zip(messages, cancelled, strict=True):
        assert (message.id in opened) is not was_cancelled


async def test_a_journal_of_another_process_sees_the_key(
    journal: AnyJournal, clock: Clock, database: Database
) -> None:
    keyed = {"key_digest": b"k" * 16, "request_digest": b"r" * 16}
    await journal.schedule([ahead(**keyed)])
    second = open_journal(database, clock)
    assert await second.schedule([ahead(**keyed)]) == [KeyTaken()]
    await second.close()
