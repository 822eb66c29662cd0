"""The journal on both engines: whatever is committed is committed once, whole, or not at all."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.directory import ApplicationState
from angarium_contracts.hot_path import AcceptedMessage
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.tables import event_claim, message, payload_expiry
from angarium_gateway.application.accept.journal import Journal
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import NEVER_SENT
from angarium_gateway.domain.messages import (
    Committed,
    EarlierRequest,
    EventTaken,
    KeyTaken,
    NewMessage,
)
from sqlalchemy import func, select, text

from .conftest import (
    APPLICATION,
    KEY_LIFE_US,
    OWNER,
    TENANT,
    AnyJournal,
    Clock,
    a_batch,
    a_message,
    batch_rows,
    message_ids,
    new_id,
    open_journal,
)

KEY, REQUEST, OTHER_REQUEST = b"k" * 16, b"r" * 16, b"o" * 16


def keyed(key: bytes = KEY, request: bytes = REQUEST, **more: object) -> NewMessage:
    return a_message(key_digest=key, request_digest=request, **more)


async def stored_messages(database: Database) -> list[bytes]:
    async with database.reading.connect() as connection:
        return [bytes(one) for one in await connection.scalars(select(message.c.id))]


async def load(database: Database) -> list[AcceptedMessage]:
    loaded = await BatchTable(database).unpublished(OWNER, bytes_max=1 << 30)
    return [one for batch in loaded for one in batch.messages]


async def test_a_commit_stores_messages_and_their_batch_as_they_are(
    journal: AnyJournal, database: Database
) -> None:
    port: Journal = journal
    full = a_message(
        payload='{"ä": "\\u0000 \U0001f600"}'.encode(),
        channels=("one", "two"),
        tags=('with "quotes"', "ä"),
        event_id="event-1",
        trace="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )
    plain = a_message()
    new = a_batch(full, plain, stream_number=3, published=True)
    assert await port.commit(new) == [Committed(0), Committed(0)]
    (row,) = (await batch_rows(database)).values()
    assert (bytes(row.id), row.owner, row.stream_number) == (new.id, OWNER, 3)
    assert (row.publication, row.published) == (1, True)
    assert row.bytes == full.size_bytes + plain.size_bytes
    assert message_ids(row) == [full.id, plain.id]
    await BatchTable(database).change(OWNER, [new.id], NEVER_SENT)
    first, second = await load(database)
    assert first.payload == full.payload
    assert first.channels == ("one", "two")
    assert (first.tenant_id, first.application_id) == (TENANT, APPLICATION)
    assert first.trace == full.trace
    assert (second.id, second.channels, second.trace) == (plain.id, (), None)


async def test_a_raw_payload_keeps_its_bytes_and_content_type(
    journal: AnyJournal, database: Database
) -> None:
    raw = keyed(payload=b'<a>\x00\r\n\xc3\xa9"</a>', content_type="application/xml; charset=utf-8")
    empty = a_message(payload=b"", content_type="text/plain")
    plain = a_message()
    new = a_batch(raw, empty, plain, published=True)
    assert await journal.commit(new) == [Committed(0)] * 3
    await BatchTable(database).change(OWNER, [new.id], NEVER_SENT)
    found = [(one.payload, one.content_type) for one in await load(database)]
    assert found == [
        (raw.payload, raw.content_type),
        (b"", "text/plain"),
        (plain.payload, None),
    ]
    earlier = await journal.earlier(KEY)
    assert earlier is not None
    assert earlier.message is not None
    assert (earlier.message.payload, earlier.message.content_type) == found[0]


async def test_only_a_payload_with_a_retention_of_its_own_expires(
    journal: AnyJournal, database: Database
) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    expiring = a_message(payload_expires_at=at)
    scheduled = a_message(payload_expires_at=at, deliver_at=at)
    refused = keyed(payload_expires_at=at)
    await journal.commit(a_batch(expiring, a_message(), keyed()))
    await journal.schedule([scheduled, a_message(deliver_at=at)])
    assert await journal.commit(a_batch(refused)) == [KeyTaken()]
    async with database.reading.connect() as connection:
        rows = (await connection.execute(select(payload_expiry))).all()
    assert sorted((bytes(row.message_id), row.expires_at) for row in rows) == [
        (each.id, to_micros(at)) for each in (expiring, scheduled)
    ]


async def test_messages_that_claim_nothing_are_stored_as_those_that_do(
    journal: AnyJournal, database: Database
) -> None:
    """On Postgres they have statements of their own."""
    kinds: list[dict[str, object]] = [
        {"channels": ("one",), "tags": ("x", "y"), "trace": "00-" + "a" * 32 + "-" + "b" * 16},
        {"payload": b"<a/>", "content_type": "application/xml", "application_id": new_id()},
        {},
    ]
    plain = a_batch(*[a_message(**kind) for kind in kinds], published=True)
    claiming = a_batch(*[a_message(**kind, event_id=str(n)) for n, kind in enumerate(kinds)])
    assert await journal.commit(plain) == await journal.commit(claiming) == [Committed(0)] * 3

    async with database.reading.connect() as connection:
        rows = (await connection.execute(select(message))).mappings().all()
    stored = {
        bytes(row["id"]): {
            name: value
            for name, value in row.items()
            if name not in ("id", "event_id", "recorded_in")
        }
        for row in rows
    }
    batches = await batch_rows(database)
    assert len(batches) == 2
    for one, other in zip(plain.messages, claiming.messages, strict=True):
        assert stored[one.id] == stored[other.id]
    for new in (plain, claiming):
        refs = b"".join(each.application_id + each.id for each in new.messages)
        row = batches[new.id]
        assert (bytes(row.message_refs), row.publication) == (refs, 1)
        assert row.published is new.published
    assert batches[plain.id].bytes == batches[claiming.id].bytes


async def test_the_version_of_the_application_comes_from_the_copy(
    journal: AnyJournal, database: Database
) -> None:
    copy = ApplicationCopyTable(database)
    await copy.learn(ApplicationState(APPLICATION, TENANT, version=1 << 40, uid="acme"))
    unknown = a_message(application_id=new_id())
    assert await journal.commit(a_batch(a_message(), unknown)) == [
        Committed(1 << 40),
        Committed(0),
    ]


async def test_an_event_id_is_taken_once_in_an_application(
    journal: AnyJournal, database: Database
) -> None:
    first, repeat = a_message(event_id="e"), a_message(event_id="e")
    elsewhere = a_message(event_id="e", application_id=new_id())
    other = a_message(event_id="E")
    assert await journal.commit(a_batch(first)) == [Committed(0)]
    assert await journal.commit(a_batch(repeat, elsewhere, other)) == [
        EventTaken(),
        Committed(0),
        Committed(0),
    ]
    assert sorted(await stored_messages(database)) == sorted([first.id, elsewhere.id, other.id])


async def test_a_commit_that_meets_a_claim_locks_it(migrated_postgres_url: str) -> None:
    """Only a transaction that writes waits for synchronous standbys. Without the lock, an event
    whose first commit no standby has yet would be confirmed at the second try."""
    database = open_database(migrated_postgres_url)
    journal = open_journal(database, Clock())
    locked = {
        "event": "select xmax::text <> '0' from event_claim",
        "key": "select xmax::text <> '0' from idempotency_key",
    }

    async def are_locked() -> dict[str, bool]:
        async with database.reading.connect() as connection:
            return {name: bool(await connection.scalar(text(q))) for name, q in locked.items()}

    try:
        await journal.commit(a_batch(keyed(event_id="e")))
        assert await are_locked() == {"event": False, "key": False}
        assert await journal.commit(a_batch(a_message(event_id="e"))) == [EventTaken()]
        assert await are_locked() == {"event": True, "key": False}
        assert await journal.commit(a_batch(keyed())) == [KeyTaken()]
        assert await are_locked() == {"event": True, "key": True}
    finally:
        await journal.close()
        await database.close()


async def test_within_one_commit_the_first_takes_the_event_id(
    journal: AnyJournal, database: Database
) -> None:
    messages = [a_message(event_id=name) for name in ("e", "f", "e", "e", "f")]
    assert await journal.commit(a_batch(*messages)) == [
        Committed(0),
        Committed(0),
        EventTaken(),
        EventTaken(),
        EventTaken(),
    ]
    (row,) = (await batch_rows(database)).values()
    assert message_ids(row) == [messages[0].id, messages[1].id]


async def test_within_one_commit_the_first_takes_the_key(journal: AnyJournal) -> None:
    first, repeat, other = keyed(), keyed(), keyed(request=OTHER_REQUEST)
    assert await journal.commit(a_batch(first, repeat, other)) == [
        Committed(0),
        KeyTaken(),
        KeyTaken(),
    ]
    earlier = await journal.earlier(KEY)
    assert earlier is not None
    assert earlier.message is not None
    assert (earlier.request_digest, earlier.message.id) == (REQUEST, first.id)


async def test_a_key_stays_taken_across_commits_and_tells_what_it_was_used_for(
    journal: AnyJournal, database: Database
) -> None:
    first = keyed(event_id="e", tags=("t",), channels=("c",))
    await journal.commit(a_batch(first))
    assert await journal.commit(a_batch(keyed(), keyed(request=OTHER_REQUEST))) == [
        KeyTaken(),
        KeyTaken(),
    ]
    earlier = await journal.earlier(KEY)
    assert earlier is not None
    assert earlier.message is not None
    assert earlier.request_digest == REQUEST
    assert earlier.message.payload == first.payload
    assert (earlier.message.event_id, earlier.message.tags) == ("e", ("t",))
    assert await stored_messages(database) == [first.id]


async def test_a_key_that_nobody_used_has_no_earlier_request(journal: AnyJournal) -> None:
    assert await journal.earlier(KEY) is None


async def test_the_key_of_a_request_that_was_refused_for_its_event_id_remembers_that(
    journal: AnyJournal,
) -> None:
    await journal.commit(a_batch(a_message(event_id="e")))
    assert await journal.commit(a_batch(keyed(event_id="e"))) == [EventTaken()]
    assert await journal.commit(a_batch(keyed(event_id="e"))) == [KeyTaken()]
    assert await journal.earlier(KEY) == EarlierRequest(REQUEST, None)


async def test_a_repeat_whose_key_is_taken_does_not_claim_its_event_id(
    journal: AnyJournal, database: Database
) -> None:
    await journal.commit(a_batch(keyed()))
    assert await journal.commit(a_batch(keyed(event_id="e"))) == [KeyTaken()]
    async with database.reading.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(event_claim)) == 0


async def test_an_expired_key_can_be_used_again(journal: AnyJournal, clock: Clock) -> None:
    await journal.commit(a_batch(keyed()))
    clock.now_us += KEY_LIFE_US
    assert await journal.commit(a_batch(keyed())) == [KeyTaken()]
    clock.now_us += 1
    later = keyed(request=OTHER_REQUEST)
    assert await journal.commit(a_batch(later, keyed())) == [Committed(0), KeyTaken()]
    earlier = await journal.earlier(KEY)
    assert earlier is not None
    assert earlier.message is not None
    assert (earlier.request_digest, earlier.message.id) == (OTHER_REQUEST, later.id)


async def test_a_batch_holds_only_what_was_not_refused(
    journal: AnyJournal, database: Database
) -> None:
    await journal.commit(a_batch(keyed(event_id="e")))
    fresh = [a_message(payload=b'{"n": %d}' % n) for n in range(3)]
    new = a_batch(fresh[0], keyed(), fresh[1], a_message(event_id="e"), fresh[2])
    await journal.commit(new)
    row = (await batch_rows(database))[new.id]
    assert message_ids(row) == [one.id for one in fresh]
    assert row.bytes == sum(one.size_bytes for one in fresh)


async def test_a_batch_of_which_all_is_refused_is_not_stored(
    journal: AnyJournal, database: Database
) -> None:
    await journal.commit(a_batch(keyed(event_id="e")))
    before = await batch_rows(database)
    await journal.commit(a_batch(keyed(), a_message(event_id="e")))
    assert await batch_rows(database) == before


async def test_two_hundred_messages_of_many_kinds_keep_their_order(
    journal: AnyJournal, database: Database
) -> None:
    shuffled = random.Random(1)
    messages = []
    for number in range(200):
        more: dict[str, object] = {
            "application_id": shuffled.randrange(5).to_bytes(16),
            "event_type": f"a.{number % 7}",
            "tenant_id": (number % 2).to_bytes(16),
        }
        if number % 5 == 0:
            more |= {"payload": "größe\0".encode() * (number % 4), "content_type": "text/plain"}
        if number % 3 == 0:
            more |= {"key_digest": number.to_bytes(16), "request_digest": REQUEST}
        if number % 4 == 0:
            more["event_id"] = f"e-{number}"
        messages.append(a_message(**{"payload": b'{"n": %d}' % number, **more}))
    shuffled.shuffle(messages)
    new = a_batch(*messages)
    assert await journal.commit(new) == [Committed(0)] * 200
    assert message_ids((await batch_rows(database))[new.id]) == [one.id for one in messages]
    loaded = await load(database)
    for member in ("payload", "event_type", "tenant_id", "application_id", "content_type"):
        assert [getattr(one, member) for one in loaded] == [
            getattr(one, member) for one in messages
        ]


async def test_of_two_commits_at_once_one_takes_the_event_ids_and_one_the_rest(
    database: Database, clock: Clock
) -> None:
    journals = [open_journal(database, clock) for _ in range(4)]
    names = [f"e-{number}" for number in range(50)]

    async def commit(journal: AnyJournal, order: list[str]) -> int:
        messages = [keyed(key=name.encode().ljust(16), event_id=name) for name in order]
        outcomes = await journal.commit(a_batch(*messages))
        return sum(isinstance(outcome, Committed) for outcome in outcomes)

    orders = [random.Random(seed).sample(names, len(names)) for seed in range(4)]
    counts = await asyncio.gather(*map(commit, journals, orders))
    assert sum(counts) == len(names)
    assert len(await stored_messages(database)) == len(names)
    rows = await batch_rows(database)
    assert sum(len(message_ids(row)) for row in rows.values()) == len(names)
    for journal in journals:
        await journal.close()


async def test_without_a_database_the_journal_is_unavailable_and_recovers(
    migrated_url: str, database: Database, clock: Clock
) -> None:
    if database.on_postgres:
        away = open_database(migrated_url.rsplit("/", 1)[0] + "/there_is_no_such_database")
    else:
        away = open_database(migrated_url.replace("test.db", "not-migrated.db"))
    journal = open_journal(away, clock)
    with pytest.raises(JournalUnavailable):
        await journal.commit(a_batch())
    with pytest.raises(JournalUnavailable):
        await journal.earlier(KEY)
    await journal.close()
    await away.close()


async def test_a_commit_that_the_database_refuses_leaves_nothing(
    journal: AnyJournal, database: Database
) -> None:
    good = a_message()
    with pytest.raises(JournalUnavailable) as failure:
        await journal.commit(a_batch(good, keyed(), a_message(id=good.id, payload=b'{"secret":1}')))
    assert "secret" not in str(failure.value)
    assert await stored_messages(database) == []
    assert await batch_rows(database) == {}
    assert await journal.earlier(KEY) is None
    assert await journal.commit(a_batch(good, keyed())) == [Committed(0), Committed(0)]
