"""Reading the journal to deliver messages again, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database import replayed_messages
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.message_rows import row_of
from angarium_gateway.adapters.database.replayed_messages import StoredReplayedMessages
from angarium_gateway.adapters.database.tables import batch, message, scheduled_message
from angarium_gateway.application.read.messages import MessageFilter, MessageWindow
from angarium_gateway.application.redelivery.redelivery import ReplayJournal
from angarium_gateway.application.redelivery.replayed_messages import MessageHead, MessageRange
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.messages import NewMessage
from msgspec.structs import replace
from sqlalchemy import insert, update

TENANT, ACME, OTHER = b"t" * 16, b"a" * 16, b"o" * 16
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
BEGINNING_MS = int(BEGINNING.timestamp() * 1000)


def id_of(number: int) -> bytes:
    """Of the message made so many milliseconds after the beginning."""
    return lowest_id_at(BEGINNING_MS + number)[:15] + b"\x07"


def a_message(number: int, **more: Any) -> NewMessage:
    made = NewMessage(id_of(number), TENANT, ACME, "invoice.paid", b'{"a": 1}')
    return replace(made, **more)


async def post(database: Database, *messages: NewMessage) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(insert(message), [row_of(one) for one in messages])


async def open_batch(
    database: Database, *numbers: int, application_id: bytes = ACME, owner: str = "f" * 32
) -> None:
    refs = b"".join(application_id + id_of(number) for number in numbers)
    row = {"id": id_of(min(numbers)), "owner": owner, "stream_number": 0, "publication": 1,
           "published": True, "bytes": 100, "message_refs": refs}  # fmt: skip
    async with database.engine.begin() as connection:
        await connection.execute(insert(batch), row)


def within(since: int = 0, until: int = 100, after: int | None = None) -> MessageRange:
    return MessageRange(
        ACME,
        BEGINNING + timedelta(milliseconds=since),
        BEGINNING + timedelta(milliseconds=until),
        None if after is None else id_of(after),
    )


@pytest.fixture
def journal(database: Database) -> ReplayJournal:
    return StoredReplayedMessages(database)


async def test_heads_tell_of_messages_without_their_payloads(
    database: Database, journal: ReplayJournal
) -> None:
    tagged = a_message(1, channels=("eu", "us"), tags=("vip",))
    foreign = a_message(3, application_id=OTHER)
    await post(database, tagged, a_message(2, payload=b""), foreign)
    heads = await journal.heads(ACME, [id_of(number) for number in range(5)])
    assert heads == {
        id_of(1): MessageHead(id_of(1), "invoice.paid", 8, ("eu", "us"), ("vip",)),
        id_of(2): MessageHead(id_of(2), "invoice.paid", 0),
    }
    assert await journal.heads(ACME, []) == {}


async def test_a_range_is_read_in_order_and_inclusive(
    database: Database, journal: ReplayJournal
) -> None:
    await post(database, *(a_message(number) for number in (4, 0, 3, 1, 2)))
    await post(database, a_message(2, id=id_of(2)[:15] + b"\x08", application_id=OTHER))

    async def numbers(given: MessageRange, limit: int = 50) -> list[int]:
        heads = await journal.heads_in(given, limit=limit)
        return [int.from_bytes(head.id[:6]) - BEGINNING_MS for head in heads]

    assert await numbers(within()) == [0, 1, 2, 3, 4]
    assert await numbers(within(1, 3)) == [1, 2, 3]
    assert await numbers(within(after=2)) == [3, 4]
    assert await numbers(within(), 2) == [0, 1]
    assert await numbers(within(50, 60)) == []
    since_ever = MessageRange(ACME, datetime(1900, 1, 1, tzinfo=UTC), BEGINNING)
    assert await numbers(since_ever) == [0]


async def test_a_range_leaves_out_what_was_for_one_endpoint_or_has_its_own_time(
    database: Database, journal: ReplayJournal
) -> None:
    await post(database, *(a_message(number) for number in range(3)))
    await journal.store(a_message(3))
    async with database.engine.begin() as connection:
        waiting = {"message_id": id_of(1), "application_id": ACME, "deliver_at": 1, "bytes": 1}
        await connection.execute(insert(scheduled_message), waiting)
        cancelled = update(message).where(message.c.id == id_of(2))
        await connection.execute(cancelled.values(canceled_at=BEGINNING))
    assert [head.id for head in await journal.heads_in(within(), limit=50)] == [id_of(0)]


async def test_a_targeted_message_is_read_and_listed_as_any_other(
    database: Database, journal: ReplayJournal
) -> None:
    await journal.store(a_message(1))
    messages = StoredMessages(database)
    page = await messages.page(ACME, MessageWindow(5), MessageFilter(), with_content=True)
    assert [(one.id, one.payload) for one in page.items] == [(id_of(1), b'{"a": 1}')]
    assert await journal.with_payloads(ACME, [id_of(1)]) == [a_message(1)]


async def test_what_is_in_an_open_batch_of_the_application_is_found(
    database: Database, journal: ReplayJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayed_messages, "BATCHES_READ_MAX", 2)
    await open_batch(database, 0, 5)
    for number in (1, 2, 3):
        await open_batch(database, number)
    await open_batch(database, 4, owner=SET_ASIDE)
    await open_batch(database, 6, 7, application_id=OTHER)
    ids = [id_of(number) for number in range(9)]
    found = await journal.still_open(ACME, ids)
    assert found == {id_of(number) for number in (0, 1, 2, 3, 5)}
    assert await journal.still_open(ACME, [id_of(5), id_of(8)]) == {id_of(5)}
    assert await journal.still_open(ACME, []) == set()


async def test_an_id_that_lies_across_two_references_is_not_found(
    database: Database, journal: ReplayJournal
) -> None:
    row = {"id": bytes(16), "owner": "f" * 32, "stream_number": 0, "publication": 1,
           "published": True, "bytes": 1,
           "message_refs": bytes(16) + ACME + id_of(1) + bytes(16)}  # fmt: skip
    async with database.engine.begin() as connection:
        await connection.execute(insert(batch), row)
    assert await journal.still_open(ACME, [id_of(1)]) == set()


async def test_messages_come_in_full_and_in_the_order_asked_for(
    database: Database, journal: ReplayJournal
) -> None:
    traced = a_message(1, channels=("eu",), trace="00-1-2-01")
    await post(database, a_message(0), traced, a_message(2, application_id=OTHER))
    ids = [id_of(number) for number in (1, 2, 9, 0)]
    assert await journal.with_payloads(ACME, ids) == [traced, a_message(0)]
    assert await journal.with_payloads(ACME, []) == []


async def test_every_method_of_the_journal_says_so_when_the_database_is_away(
    away: Database,
) -> None:
    journal = StoredReplayedMessages(away)
    for call in (
        journal.heads(ACME, [id_of(1)]),
        journal.heads_in(within(), limit=1),
        journal.still_open(ACME, [id_of(1)]),
        journal.with_payloads(ACME, [id_of(1)]),
        journal.store(a_message(1)),
    ):
        with pytest.raises(JournalUnavailable):
            await call
