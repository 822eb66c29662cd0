"""Reading the journal, on both engines."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at
from angarium_gateway.adapters.database import message_queries, term_search
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.tables import event_claim, message
from angarium_gateway.application.read.messages import (
    Message,
    MessageFilter,
    MessageJournal,
    MessagePage,
    MessageWindow,
)
from sqlalchemy import insert

ACME, OTHER = b"a" * 16, b"o" * 16
BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
BEGINNING_MS = int(BEGINNING.timestamp() * 1000)
EVERYTHING = MessageFilter()


def id_of(number: int) -> bytes:
    """Of the message made so many milliseconds after the beginning."""
    return lowest_id_at(BEGINNING_MS + number)[:15] + b"\x07"


@pytest.fixture
def journal(database: Database) -> StoredMessages:
    return StoredMessages(database)


async def post(
    database: Database,
    number: int,
    *,
    application_id: bytes = ACME,
    event_type: str = "invoice.paid",
    event_id: str | None = None,
    channels: list[str] | None = None,
    tags: list[str] | None = None,
) -> bytes:
    text = {name: value and msgspec.json.encode(value).decode()
            for name, value in (("channels", channels), ("tags", tags))}  # fmt: skip
    row = {
        "application_id": application_id,
        "id": id_of(number),
        "tenant_id": b"t" * 16,
        "event_type": event_type,
        "event_id": event_id,
        "payload": b'{"number":%d}' % number,
    }
    async with database.engine.begin() as connection:
        await connection.execute(insert(message).values(row | text))
        if event_id is not None:
            claim = {
                "application_id": application_id,
                "event_id": event_id,
                "message_id": row["id"],
            }
            await connection.execute(insert(event_claim).values(claim))
    return id_of(number)


def numbers(page: MessagePage) -> list[int]:
    return [int.from_bytes(item.id[:6]) - BEGINNING_MS for item in page.items]


async def test_a_message_is_found_by_id_and_event_id_in_its_own_application_only(
    database: Database, journal: MessageJournal
) -> None:
    message_id = await post(database, 1, event_id="evt-1", channels=["eu", "us"], tags=["vip"])
    expected = Message(message_id, "invoice.paid", "evt-1", ("eu", "us"), ("vip",), b'{"number":1}')
    for ref in (format_id(MESSAGE, message_id), "evt-1"):
        assert await journal.find(ACME, ref, with_content=True) == expected
        assert await journal.find(OTHER, ref, with_content=True) is None
    bare = await journal.find(ACME, "evt-1", with_content=False)
    whole = await journal.find_many(ACME, [expected.id, b"x" * 16], with_content=True)
    assert whole == {expected.id: expected}
    assert await journal.find_many(ACME, [expected.id]) == {expected.id: bare}
    assert bare is not None
    assert bare.payload is None
    assert await journal.find(ACME, "evt-2", with_content=True) is None


async def test_an_id_wins_over_an_event_id_that_looks_like_one(
    database: Database, journal: MessageJournal
) -> None:
    first = await post(database, 1)
    await post(database, 2, event_id=format_id(MESSAGE, first))
    found = await journal.find(ACME, format_id(MESSAGE, first), with_content=True)
    assert found is not None
    assert found.id == first


async def test_many_are_found_by_their_ids_without_payloads(
    database: Database, journal: MessageJournal
) -> None:
    ids = [await post(database, number) for number in range(3)]
    foreign = await post(database, 9, application_id=OTHER)
    found = await journal.find_many(ACME, [ids[0], ids[2], foreign, b"u" * 16])
    assert set(found) == {ids[0], ids[2]}
    assert {item.payload for item in found.values()} == {None}
    assert await journal.find_many(ACME, []) == {}


async def test_payloads_are_read_by_their_messages_ids(
    database: Database, journal: StoredMessages
) -> None:
    ids = [await post(database, number) for number in range(2)]
    foreign = await post(database, 9, application_id=OTHER)
    whole = await journal.find(ACME, format_id(MESSAGE, ids[0]), with_content=True)
    assert whole is not None
    assert await journal.payloads(ACME, [ids[0], foreign]) == {ids[0]: whole.payload}
    assert await journal.payloads(ACME, []) == {}


async def test_pages_go_back_in_time_and_forth_again(
    database: Database, journal: MessageJournal
) -> None:
    for number in range(5):
        await post(database, number)
    await post(database, 9, application_id=OTHER)
    first = await journal.page(ACME, MessageWindow(2), EVERYTHING, with_content=True)
    assert (numbers(first), first.done) == ([4, 3], False)
    second = await journal.page(ACME, MessageWindow(2, first.oldest), EVERYTHING, with_content=True)
    assert (numbers(second), second.done) == ([2, 1], False)
    last = await journal.page(ACME, MessageWindow(2, second.oldest), EVERYTHING, with_content=True)
    assert (numbers(last), last.done) == ([0], True)
    end = await journal.page(ACME, MessageWindow(2, last.oldest), EVERYTHING, with_content=True)
    assert (numbers(end), end.done, end.oldest) == ([], True, last.oldest)
    back = await journal.page(
        ACME, MessageWindow(2, last.newest, backwards=True), EVERYTHING, with_content=True
    )
    assert (numbers(back), back.done) == ([2, 1], False)
    front = await journal.page(
        ACME, MessageWindow(2, back.newest, backwards=True), EVERYTHING, with_content=True
    )
    assert (numbers(front), front.done) == ([4, 3], True)


async def test_an_application_without_messages_has_an_empty_page(journal: MessageJournal) -> None:
    page = await journal.page(ACME, MessageWindow(5), EVERYTHING, with_content=True)
    assert page == MessagePage([], done=True, oldest=None, newest=None)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (MessageFilter(event_types=("invoice.paid", "x")), [3, 0]),
        (MessageFilter(channel="eu"), [2, 0]),
        (MessageFilter(channel="e_"), []),
        (MessageFilter(channel="EU"), []),
        (MessageFilter(channel="e"), []),
        (MessageFilter(tag="vip"), [1]),
        (MessageFilter(channel="eu", event_types=("invoice.paid",)), [0]),
        (MessageFilter(after=BEGINNING + timedelta(milliseconds=1)), [3, 2]),
        (MessageFilter(after=BEGINNING + timedelta(microseconds=999)), [3, 2, 1]),
        (MessageFilter(before=BEGINNING + timedelta(milliseconds=2)), [1, 0]),
        (MessageFilter(before=BEGINNING + timedelta(microseconds=2001)), [2, 1, 0]),
        (MessageFilter(after=datetime.max.replace(tzinfo=UTC)), []),
        (MessageFilter(before=datetime.min.replace(tzinfo=UTC)), []),
    ],
)
async def test_filters_choose(
    database: Database, journal: MessageJournal, chosen: MessageFilter, expected: list[int]
) -> None:
    await post(database, 0, channels=["us", "eu"])
    await post(database, 1, event_type="invoice.sent", tags=["vip"])
    await post(database, 2, event_type="invoice.sent", channels=["eu"])
    await post(database, 3, channels=["europe", "new_eu"])
    page = await journal.page(ACME, MessageWindow(50), chosen, with_content=False)
    assert (numbers(page), page.done) == (expected, True)
    assert [item.payload for item in page.items] == [None] * len(expected)
    one = await journal.page(ACME, MessageWindow(1), chosen, with_content=True)
    assert numbers(one) == expected[:1]
    assert one.done is (len(expected) <= 1)


async def test_a_rare_filter_gives_short_pages_that_go_on(
    database: Database, journal: MessageJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_search, "FRESH_MAX", 0)
    monkeypatch.setattr(message_queries, "LOOKED_THROUGH_MAX", 2)
    for number in range(6):
        await post(database, number, channels=["rare"] if number in {0, 3} else None)
    chosen, window = MessageFilter(channel="rare"), MessageWindow(5)
    found: list[int] = []
    for backwards in (False, True):
        found.clear()
        for _ in range(4):
            page = await journal.page(ACME, window, chosen, with_content=False)
            found.extend(numbers(page))
            if page.done:
                break
            past = page.newest if backwards else page.oldest
            window = MessageWindow(5, past, backwards=backwards)
        else:
            pytest.fail("the pages do not end")
        assert found == ([0, 3] if backwards else [3, 0])
        window = MessageWindow(5, lowest_id_at(0), backwards=True)


async def test_the_way_back_from_an_empty_page_has_what_the_search_ended_with(
    database: Database, journal: MessageJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_search, "FRESH_MAX", 0)
    monkeypatch.setattr(message_queries, "LOOKED_THROUGH_MAX", 2)
    vip = MessageFilter(tag="vip")
    await post(database, 1, tags=["vip"])
    await post(database, 2)
    found = await journal.page(ACME, MessageWindow(5), vip, with_content=False)
    empty = await journal.page(ACME, MessageWindow(5, found.oldest), vip, with_content=False)
    assert (numbers(found), numbers(empty), empty.done) == ([1], [], True)
    window = MessageWindow(5, empty.newest, backwards=True)
    back = await journal.page(ACME, window, vip, with_content=False)
    assert numbers(back) == [1]
