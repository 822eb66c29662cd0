"""Searching and following the messages of several applications, on both engines."""

from typing import Any

import msgspec
import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import (
    MESSAGE,
    format_id,
    id_range,
    lowest_id_at,
    operational_application_id,
)
from angarium_gateway.adapters.database import message_search, term_search
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.message_feed import MessageFeed
from angarium_gateway.adapters.database.message_search import MessageSearchTable
from angarium_gateway.adapters.database.tables import event_claim, message
from angarium_gateway.application.feed.feed_events import FeedScope
from angarium_gateway.application.read.messages import (
    FoundMessages,
    MessageFilter,
    MessageWindow,
    TooManyApplications,
)
from sqlalchemy import insert

TENANT, OTHER_TENANT = b"t" * 16, b"o" * 16
ONE, TWO, FOREIGN = b"1" * 16, b"2" * 16, b"f" * 16
HIDDEN = operational_application_id(TENANT)
COUNT = 24


def _id(number: int) -> bytes:
    return lowest_id_at(1_800_000_000_000 + number)[:15] + b"\x07"


@pytest.fixture
async def search(database: Database) -> MessageSearchTable:
    """Messages in turn in two applications; every fifth has a tag. Others are not to be found: of
    another tenant, and operational webhooks."""
    copy = ApplicationCopyTable(database)
    for application_id, tenant_id in (
        (ONE, TENANT), (TWO, TENANT), (HIDDEN, TENANT), (FOREIGN, OTHER_TENANT)
    ):  # fmt: skip
        await copy.learn(ApplicationState(id=application_id, tenant_id=tenant_id, version=1))
    rows = [_row(number, (ONE, TWO)[number % 2]) for number in range(COUNT)]
    rows += [_row(3, HIDDEN), _row(4, FOREIGN, OTHER_TENANT)]
    claims = [
        {name: row[name] for name in ("application_id", "event_id")} | {"message_id": row["id"]}
        for row in rows
    ]
    async with database.engine.begin() as connection:
        await connection.execute(insert(message), rows)
        await connection.execute(insert(event_claim), claims)
    return MessageSearchTable(database)


def _row(number: int, application_id: bytes, tenant_id: bytes = TENANT) -> dict[str, Any]:
    tags = ["vip"] if number % 5 == 0 else ["plain"]
    return {
        "application_id": application_id,
        "id": _id(number),
        "tenant_id": tenant_id,
        "event_type": "invoice.paid" if number % 3 else "invoice.void",
        "event_id": f"evt_{number // 10}-{number}",
        "tags": msgspec.json.encode(tags).decode(),
        "payload": b"{}",
    }


async def _walk(
    search: MessageSearchTable, application_id: bytes | None = None, **members: Any
) -> list[int]:
    """The numbers of the messages on all pages, which are the same on the way back."""

    async def page(past: bytes | None, *, backwards: bool = False) -> FoundMessages:
        window = MessageWindow(3, past, backwards=backwards)
        chosen = MessageFilter(**members)
        return await search.search(TENANT, application_id, window, chosen, with_content=False)

    found = [await page(None)]
    while not found[-1].done:
        found.append(await page(found[-1].oldest))
    back = [await page(found[-1].newest, backwards=True)]
    while not back[-1].done:
        back.append(await page(back[-1].newest, backwards=True))
    forth = [item.message.id for each in found for item in each.items]
    again = [item.message.id for each in reversed(back) for item in each.items]
    assert again + [item.message.id for item in found[-1].items] == forth
    return [int.from_bytes(each[:6]) - 1_800_000_000_000 for each in forth]


async def test_a_search_spans_the_applications_of_the_tenant(search: MessageSearchTable) -> None:
    assert await _walk(search) == list(reversed(range(COUNT)))
    assert await _walk(search, TWO) == list(reversed(range(1, COUNT, 2)))
    assert await _walk(search, FOREIGN) == []


@pytest.mark.parametrize("examined", [1, 3, 20_000])
async def test_a_filter_finds_all_however_few_a_page_examines(
    search: MessageSearchTable, monkeypatch: pytest.MonkeyPatch, examined: int
) -> None:
    monkeypatch.setattr(message_search, "LOOKED_THROUGH_MAX", examined)
    monkeypatch.setattr(message_search, "LOOKED_THROUGH_MIN", min(examined, 500))
    monkeypatch.setattr(term_search, "FRESH_MAX", 0)
    assert await _walk(search, tag="vip") == [20, 15, 10, 5, 0]
    assert await _walk(search, TWO, tag="vip") == [15, 5]
    void = ("invoice.void",)
    assert await _walk(search, event_types=void) == [21, 18, 15, 12, 9, 6, 3, 0]
    assert await _walk(search, event_id_prefix="evt_2") == [23, 22, 21, 20]


async def test_ids_are_found_whole_and_by_their_beginning(search: MessageSearchTable) -> None:
    text = format_id(MESSAGE, _id(7))
    assert await _walk(search, ids=id_range(MESSAGE, text)) == [7]
    assert len(await _walk(search, ids=id_range(MESSAGE, text[:8]))) == COUNT
    assert await _walk(search, event_id="evt_1-13") == [13]
    assert await _walk(search, event_id="evt_1") == []


async def test_following_gives_messages_in_order_from_a_position_on(
    search: MessageSearchTable, database: Database
) -> None:
    feed = MessageFeed(database)
    all_of_tenant = await feed.follow(FeedScope(TENANT), _id(4), 1_000)
    assert [each.message.id for each in all_of_tenant] == [_id(n) for n in range(5, COUNT)]
    assert {each.application_id for each in all_of_tenant} == {ONE, TWO}
    of_one = FeedScope(TENANT, ONE, event_types=("invoice.void",))
    found = await feed.follow(of_one, bytes(16), 3)
    assert [each.message.id for each in found] == [_id(n) for n in (0, 6, 12)]


async def test_a_filter_without_an_index_is_refused_for_too_many_applications(
    search: MessageSearchTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "APPLICATIONS_MAX", 1)
    with pytest.raises(TooManyApplications, match="more than 1 applications"):
        await _walk(search, event_id_prefix="evt_0")
    assert await _walk(search, ONE, event_id_prefix="evt_0")
    assert await _walk(search, tag="vip") == [20, 15, 10, 5, 0]
    assert await _walk(search, event_id="evt_0-3") == [3]
    assert len(await _walk(search)) == COUNT
