"""The index of messages by type, channel and tag, on both engines: every page equals what a plain
filter of all messages gives, however much of them is indexed, and nothing erased stays in it."""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.statistics.roller import Roller
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database import message_terms, term_search
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.erasable_messages import StoredErasableMessages
from angarium_gateway.adapters.database.legal_holds import StoredLegalHolds
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.message_rollups import counted_ledgers
from angarium_gateway.adapters.database.message_search import MessageSearchTable
from angarium_gateway.adapters.database.message_terms import (
    BLOCK_MS,
    EVENT_TYPE,
    TAG,
    MessageTermIndexer,
    block_of,
    term_hash,
)
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.tables import message, tenant
from angarium_gateway.adapters.database.term_tables import message_term, term_position
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.application.read.messages import (
    FoundMessages,
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

BEGIN_MS = 1_800_000_000_000 // BLOCK_MS * BLOCK_MS
NOW_MS = time.time_ns() // 1_000_000
TENANTS = count(1)


class Posted(NamedTuple):
    """A message as the journal has it. `at` is milliseconds after the beginning."""

    application: int
    at: int
    event_type: str
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    event_id: str


FILTERS = [
    MessageFilter(tag="v"),
    MessageFilter(channel="x"),
    MessageFilter(event_types=("a",)),
    MessageFilter(event_types=("a", "b")),
    MessageFilter(event_types=("b", "none")),
    MessageFilter(event_types=()),
    MessageFilter(tag="v", channel="x"),
    MessageFilter(tag="w", event_types=("a",), event_id_prefix="p"),
]
BOUNDS = [(100, 20_000, 2_000), (2, 20_000, 2_000), (4, 4, 4)]
"""`IDS_MAX`, `CHECKED_MAX` and `BLOCKS_MAX`."""


def _some(random: Random, messages: int) -> list[Posted]:
    """Messages of five blocks, some of them within a few milliseconds."""
    return [
        Posted(
            random.randrange(2),
            random.choice([random.randrange(5 * BLOCK_MS), BLOCK_MS + random.randrange(5)]),
            random.choice(["a", "b"]),
            random.choice([(), ("x",), ("x", "y"), ("xy",)]),
            random.choice([(), ("v",), ("w", "v"), ("vw",)]),
            random.choice(["p1", "p2", "q"]),
        )
        for _ in range(messages)
    ]


class Journal:
    """Messages of one tenant with two applications, and a copy of them in memory."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tenant = next(TENANTS).to_bytes(16)
        self.applications = [os.urandom(16), os.urandom(16)]
        self.kept: dict[bytes, Posted] = {}
        self.search = MessageSearchTable(database)
        self.list = StoredMessages(database)

    async def begin(self) -> None:
        copy = ApplicationCopyTable(self.database)
        for each in self.applications:
            await copy.learn(ApplicationState(id=each, tenant_id=self.tenant, version=1))

    async def post(self, messages: Sequence[Posted]) -> list[bytes]:
        rows = [self._row(each) for each in messages]
        if rows:
            async with self.database.engine.begin() as connection:
                await connection.execute(insert(message), rows)
        self.kept |= {row["id"]: each for row, each in zip(rows, messages, strict=True)}
        return [row["id"] for row in rows]

    def _row(self, each: Posted) -> dict[str, Any]:
        return {
            "application_id": self.applications[each.application],
            "id": lowest_id_at(BEGIN_MS + each.at)[:8] + os.urandom(8),
            "tenant_id": self.tenant,
            "event_type": each.event_type,
            "event_id": each.event_id,
            "channels": msgspec.json.encode(each.channels).decode() if each.channels else None,
            "tags": msgspec.json.encode(each.tags).decode() if each.tags else None,
            "payload": b"{}",
        }

    async def roll(self) -> None:
        await roll(self.database)

    def matching(self, application: int | None, chosen: MessageFilter) -> list[bytes]:
        """The result of a plain filter of all messages, newest first."""
        return sorted(
            (id_ for id_, each in self.kept.items() if _matches(each, application, chosen)),
            reverse=True,
        )

    async def page(
        self, application: int | None, window: MessageWindow, chosen: MessageFilter
    ) -> tuple[list[bytes], FoundMessages | MessagePage]:
        of = None if application is None else self.applications[application]
        found = await self.search.search(self.tenant, of, window, chosen, with_content=False)
        if of is not None:
            listed = await self.list.page(of, window, chosen, with_content=True)
            assert [item.payload for item in listed.items] == [b"{}"] * len(listed.items)
            assert [item.id for item in listed.items] == [item.message.id for item in found.items]
            assert (listed.done, listed.oldest, listed.newest) == (
                found.done,
                found.oldest,
                found.newest,
            )
        return [item.message.id for item in found.items], found


def _matches(each: Posted, application: int | None, chosen: MessageFilter) -> bool:
    as_message = Message(bytes(16), each.event_type, None, each.channels, each.tags, None)
    return (
        application in (None, each.application)
        and chosen.matches(as_message)
        and each.event_id.startswith(chosen.event_id_prefix or "")
    )


async def roll(database: Database) -> None:
    """Count and index what was recorded, in small steps."""
    await Roller(database, counted_ledgers(database), every_s=1.0, rows_max=5).turn()
    await MessageTermIndexer(database, rows_max=3).turn()


async def blocks(database: Database) -> int:
    async with database.reading.connect() as connection:
        found = await connection.scalar(select(func.count()).select_from(message_term))
    return int(found or 0)


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), bounds=st.sampled_from(BOUNDS))
async def test_pages_are_those_of_a_plain_filter_while_messages_come_in(
    database: Database, seed: int, bounds: tuple[int, int, int]
) -> None:
    random = Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message_terms, "IDS_MAX", bounds[0])
        patch.setattr(term_search, "CHECKED_MAX", bounds[1])
        patch.setattr(term_search, "BLOCKS_MAX", bounds[2])
        journal = Journal(database)
        await journal.begin()
        for _ in range(random.randrange(1, 4)):
            await journal.post(_some(random, 15))
            if random.random() < 0.7:
                await journal.roll()
        for chosen in random.sample(FILTERS, 1 if database.on_postgres else 4):
            application, limit = random.choice([None, 0, 1]), random.randrange(2, 9)
            before = set(journal.kept)
            seen, last = await _walk(journal, application, chosen, limit, random)
            _check_walk(journal, seen, before, application, chosen)
            past = last or bytes(16)
            before = {each for each in journal.kept if each > past}
            back, _ = await _walk(journal, application, chosen, limit, random, back_from=past)
            _check_walk(journal, back, before, application, chosen)


async def _walk(
    journal: Journal,
    application: int | None,
    chosen: MessageFilter,
    limit: int,
    random: Random | None = None,
    *,
    back_from: bytes | None = None,
) -> tuple[list[bytes], bytes | None]:
    """The ids of all pages, newest first in each, and the last position. Each page is compared
    with the messages of that moment."""
    seen: list[bytes] = []
    past, backwards = back_from, back_from is not None
    for _ in range(300):
        window = MessageWindow(limit, past, backwards=backwards)
        ids, page = await journal.page(application, window, chosen)
        end = page.newest if backwards else page.oldest
        matching = journal.matching(application, chosen)
        if backwards:
            within = [each for each in matching if past is None or each > past]
            expected = [each for each in within if page.done or (end and each <= end)]
        else:
            within = [each for each in matching if past is None or each < past]
            expected = [each for each in within if page.done or (end and each >= end)]
        assert ids == expected
        assert len(ids) <= limit
        seen = ids + seen if backwards else seen + ids
        if page.done:
            return seen, end
        assert end != past
        past = end
        if random is not None and random.random() < 0.2:
            await journal.post(_some(random, 3))
            if random.random() < 0.5:
                await journal.roll()
    raise AssertionError("the pages do not end")


def _check_walk(
    journal: Journal,
    seen: list[bytes],
    before: set[bytes],
    application: int | None,
    chosen: MessageFilter,
) -> None:
    assert seen == sorted(set(seen), reverse=True)
    matching = journal.matching(application, chosen)
    assert {each for each in matching if each in before} <= set(seen) <= set(matching)


async def _journal(database: Database, messages: Sequence[Posted]) -> tuple[Journal, list[bytes]]:
    journal = Journal(database)
    await journal.begin()
    return journal, await journal.post(messages)


def _plain(at: int, *tags: str, application: int = 0) -> Posted:
    return Posted(application, at, "a", (), tags, "p1")


async def test_a_rare_tag_is_found_without_reading_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = [_plain(each * BLOCK_MS, "often") for each in range(50)]
    journal, _ = await _journal(database, [*spread, _plain(7 * BLOCK_MS, "rare")])
    await journal.roll()
    monkeypatch.setattr(term_search, "CHECKED_MAX", 2)
    monkeypatch.setattr(term_search, "BLOCKS_MAX", 2)
    ids, page = await journal.page(0, MessageWindow(50), MessageFilter(tag="rare"))
    assert (len(ids), page.done) == (1, True)


async def test_a_page_goes_on_from_the_end_of_a_block(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_search, "BLOCKS_MAX", 1)
    messages = [
        Posted(0, block * BLOCK_MS + at, event_type, (), (), "q" if block == 3 else "p")
        for block in range(4)
        for at, event_type in enumerate("ab")
    ]
    journal, _ = await _journal(database, messages)
    await journal.roll()
    chosen = MessageFilter(event_types=("a", "b"), event_id_prefix="q")
    back, _ = await _walk(journal, 0, chosen, 1, back_from=bytes(16))
    assert back == journal.matching(0, chosen)
    assert len(back) == 2


async def test_without_an_index_of_most_messages_pages_are_complete(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(term_search, "FRESH_MAX", 2)
    journal, _ = await _journal(database, [_plain(each, "v") for each in range(9)])
    chosen = MessageFilter(tag="v")
    assert (await journal.page(0, MessageWindow(50), chosen))[0] == journal.matching(0, chosen)
    await journal.roll()
    assert (await journal.page(0, MessageWindow(50), chosen))[0] == journal.matching(0, chosen)


async def test_messages_from_before_the_index_are_found(database: Database) -> None:
    messages = [_plain(each * BLOCK_MS, "v") for each in range(6)]
    journal, _ = await _journal(database, messages)
    await journal.roll()
    boundary = lowest_id_at(BEGIN_MS + 3 * BLOCK_MS)
    old = message_term.c.id < boundary
    async with database.engine.begin() as connection:
        await connection.execute(delete(message_term).where(old))
        await connection.execute(update(term_position).values(indexed_from=boundary))
    chosen = MessageFilter(tag="v")
    seen, last = await _walk(journal, None, chosen, 2)
    assert seen == journal.matching(None, chosen)
    again, _ = await _walk(journal, None, chosen, 2, back_from=bytes(16))
    assert again == seen
    assert last is not None


async def test_messages_are_indexed_after_they_are_counted_while_the_roller_runs(
    database: Database,
) -> None:
    journal, (id_,) = await _journal(database, [_plain(1, "v")])
    indexed = asyncio.Event()
    indexer = MessageTermIndexer(database)

    async def then() -> None:
        await indexer.turn()
        indexed.set()

    roller = Roller(database, counted_ledgers(database), every_s=60.0, then=then)
    running = asyncio.create_task(roller.run())
    await asyncio.wait_for(indexed.wait(), timeout=30)
    running.cancel()
    assert await _is_indexed(journal, TAG, "v", id_)


async def test_an_index_that_fails_to_be_written_is_written_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, (id_,) = await _journal(database, [_plain(1, "v")])
    await Roller(database, counted_ledgers(database), every_s=1.0).turn()
    write = message_terms._write

    async def fail(*given: Any) -> None:
        await write(*given)
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(message_terms, "_write", fail)
        with pytest.raises(OSError, match="killed"):
            await MessageTermIndexer(database).turn()
    assert await blocks(database) == 0
    await MessageTermIndexer(database).turn()
    async with database.reading.connect() as connection:
        counted = await connection.scalars(select(message_term.c.messages))
        assert set(counted) == {1}
    assert await _is_indexed(journal, TAG, "v", id_)


async def test_what_is_deleted_last_hides_nothing_that_follows(database: Database) -> None:
    journal, (id_,) = await _journal(database, [_plain(1, "v")])
    await journal.roll()
    async with database.engine.begin() as connection:
        await connection.execute(delete(message).where(message.c.id == id_))
    del journal.kept[id_]
    await journal.post([_plain(2, "v")])
    await journal.roll()
    chosen = MessageFilter(tag="v")
    assert (await journal.page(0, MessageWindow(5), chosen))[0] == journal.matching(0, chosen)
    assert await _is_indexed(journal, TAG, "v", journal.matching(0, chosen)[0])


async def _is_indexed(journal: Journal, kind: bytes, text: str, id_: bytes) -> bool:
    row = message_term.c
    async with journal.database.reading.connect() as connection:
        salt = bytes(await connection.scalar(select(term_position.c.salt)) or b"")
        query = select(row.ids, row.messages).where(
            row.term == term_hash(salt, kind, text),
            row.application_id.in_(journal.applications),
            row.id == block_of(id_),
        )
        found = (await connection.execute(query)).first()
    return found is not None and (not found.ids or id_ in bytes(found.ids))


@pytest.mark.parametrize("ids_max", [100, 1])
async def test_no_erased_tag_stays_in_the_index(
    database: Database, monkeypatch: pytest.MonkeyPatch, ids_max: int
) -> None:
    monkeypatch.setattr(message_terms, "IDS_MAX", ids_max)
    messages = [_plain(1, "ann", "vip"), _plain(2, "ann", "vip"), _plain(3, "vip")]
    journal, (first, second, third) = await _journal(database, messages)
    await journal.roll()
    erasable = StoredErasableMessages(database)
    await erasable.forget(journal.applications[0], first)
    assert await _is_indexed(journal, TAG, "ann", second)
    await erasable.forget(journal.applications[0], second)
    assert not await _is_indexed(journal, TAG, "ann", second)
    assert await _is_indexed(journal, TAG, "vip", third)
    assert await _is_indexed(journal, EVENT_TYPE, "a", second)
    found, _ = await journal.page(0, MessageWindow(5), MessageFilter(tag="vip"))
    assert found == [third]


async def test_a_message_that_is_erased_before_it_is_indexed_leaves_no_tag(
    database: Database,
) -> None:
    journal, (id_, other) = await _journal(database, [_plain(1, "ann"), _plain(2, "bob")])
    await StoredErasableMessages(database).forget(journal.applications[0], id_)
    await journal.roll()
    assert not await _is_indexed(journal, TAG, "ann", id_)
    assert await _is_indexed(journal, TAG, "bob", other)


async def test_the_index_keeps_one_row_for_many_messages_of_a_time(database: Database) -> None:
    journal, _ = await _journal(database, [_plain(each % 50) for each in range(60)])
    await journal.roll()
    assert await blocks(database) == 1


def _old(days: float, application: int = 0) -> Posted:
    """A message of so many days ago."""
    return _plain(int(NOW_MS - days * DAY_MS) - BEGIN_MS, "v", application=application)


async def _divide(database: Database, table: str, days_ago: int) -> None:
    """As if partitions had begun so long ago."""
    bound = f"'\\x{lowest_id_at(NOW_MS - days_ago * DAY_MS).hex()}'"
    oldest = (await PartitionedTable(database.engine, table).layout()).bounded[0]
    ranges = f"from (minvalue) to ({bound})", f"from ({bound}) to ('\\x{oldest.high.hex()}')"
    async with database.engine.begin() as connection:
        for statement in (
            f"alter table {table} detach partition {table}_before",
            f"alter table {table} attach partition {table}_before for values {ranges[0]}",
            f"create table {table}_from_20000101 partition of {table} for values {ranges[1]}",
        ):
            await connection.exec_driver_sql(statement)


async def _retain(database: Database) -> None:
    tasks = retention_tasks(database, message_days=30, audit_days=365, key_life_s=86_400)
    assert await RetentionLoop(database, tasks).turn()


async def test_blocks_go_with_their_messages(database: Database) -> None:
    if database.on_postgres:
        await _divide(database, "message", 35)
        await _divide(database, "message_term", 35)
    journal, (_, young) = await _journal(database, [_old(40), _old(1)])
    await journal.roll()
    await _retain(database)
    assert await blocks(database) == 2
    found, page = await journal.page(0, MessageWindow(5), MessageFilter(tag="v"))
    assert (found, page.done) == ([young], True)
    if database.on_postgres:
        layout = await PartitionedTable(database.engine, "message_term").layout()
        assert "message_term_before" not in [each.name for each in layout.bounded]


async def test_blocks_of_a_tenant_go_with_its_messages_but_for_those_held(
    database: Database,
) -> None:
    journal, ids = await _journal(database, [_old(20), _old(1), _old(20, 1), _old(1, 1)])
    await journal.roll()
    now = datetime.now(UTC)
    async with database.engine.begin() as connection:
        values = {"id": journal.tenant, "name": "acme", "created_at": now, "retention_days": 10}
        await connection.execute(insert(tenant).values(values))
    held = LegalHold(journal.tenant, journal.applications[1], "case 17", b"k" * 16, now)
    await StoredLegalHolds(database).place(held)
    await _retain(database)
    chosen = MessageFilter(event_types=("a",))
    for application, expected in ((0, [ids[1]]), (1, [ids[3], ids[2]])):
        found, page = await journal.page(application, MessageWindow(5), chosen)
        assert (found, page.done) == (expected, True)
    assert await blocks(database) == 2 * 3
