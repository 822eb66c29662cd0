"""Payloads go when their retention has ended, and their messages stay; on both engines."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import MESSAGE, format_id
from angarium_gateway.adapters.database import retention_holds
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.expunged_payloads import ExpungedPayloads
from angarium_gateway.adapters.database.legal_holds import StoredLegalHolds
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.replayed_messages import StoredReplayedMessages
from angarium_gateway.adapters.database.retention_payloads import delete_expired_payloads
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.adapters.database.tables import application_copy, payload_expiry
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.domain.messages import NewMessage
from sqlalchemy import func, insert, select

from .hot_path.conftest import (
    APPLICATION,
    OWNER,
    AnyJournal,
    Clock,
    a_batch,
    a_message,
    new_id,
    open_journal,
)

NOW = from_micros(time.time_ns() // 1_000)
HOUR = timedelta(hours=1)
CANARY = b"canary"


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[AnyJournal]:
    opened = open_journal(database, Clock())
    yield opened
    await opened.close()


def expiring(**more: object) -> NewMessage:
    return a_message(payload=CANARY, content_type="text/csv", payload_expires_at=NOW + HOUR, **more)


async def commit(journal: AnyJournal, database: Database, *messages: NewMessage) -> None:
    """Stored and settled."""
    new = a_batch(*messages)
    await journal.commit(new)
    await BatchTable(database).close(OWNER, [new.id])


async def turn(database: Database, after: timedelta) -> None:
    """A turn of retention so long after `NOW`."""
    now_ms = to_micros(NOW + after) // 1_000
    async with AsyncExitStack() as opened:
        connection = None
        if database.on_postgres:
            connection = await opened.enter_async_context(database.engine.connect())
        await delete_expired_payloads(RetentionTurn(database, connection, now_ms))


async def expunged(database: Database, *messages: NewMessage) -> list[bool]:
    stored = StoredMessages(database)
    found = []
    for each in messages:
        kept = await stored.find(APPLICATION, format_id(MESSAGE, each.id), with_content=True)
        assert kept is not None
        assert (kept.payload, kept.expunged) in {(CANARY, False), (b"", True)}
        found.append(kept.expunged)
    return found


async def waiting(database: Database) -> int:
    async with database.reading.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(payload_expiry)) or 0


async def test_a_payload_goes_when_its_time_has_come_and_not_before(
    database: Database, journal: AnyJournal
) -> None:
    messages = [expiring() for _ in range(250)]
    later = a_message(payload=CANARY, payload_expires_at=NOW + 3 * HOUR)
    kept = a_message(payload=CANARY)
    await commit(journal, database, *messages, later, kept)
    few = (messages[0], messages[-1], later, kept)

    await turn(database, HOUR - timedelta(seconds=1))
    assert await expunged(database, *few) == [False] * 4
    await turn(database, HOUR + timedelta(seconds=1))
    assert await expunged(database, *few) == [True, True, False, False]
    assert await waiting(database) == 1
    await turn(database, 4 * HOUR)
    assert await expunged(database, *few) == [True, True, True, False]
    assert await waiting(database) == 0


@pytest.mark.parametrize("application_id", [APPLICATION, None])
async def test_a_payload_that_a_legal_hold_keeps_stays(
    database: Database, journal: AnyJournal, application_id: bytes | None
) -> None:
    held = expiring()
    await commit(journal, database, held)
    known = {"id": APPLICATION, "tenant_id": held.tenant_id, "version": 1}
    async with database.engine.begin() as connection:
        await connection.execute(insert(application_copy).values(**known))
    holds = StoredLegalHolds(database)
    await holds.place(LegalHold(held.tenant_id, application_id, "case", b"k" * 16, NOW))
    await turn(database, 2 * HOUR)
    assert await expunged(database, held) == [False]
    await holds.lift(held.tenant_id, application_id)
    await turn(database, 2 * HOUR)
    assert await expunged(database, held) == [True]


async def test_a_payload_that_no_worker_has_yet_stays(
    database: Database, journal: AnyJournal
) -> None:
    open_, scheduled, other = expiring(), expiring(deliver_at=NOW + 2 * HOUR), expiring()
    new = a_batch(open_, id=open_.id)
    await journal.commit(new)
    await journal.schedule([scheduled])
    await commit(journal, database, other)

    await turn(database, 2 * HOUR)
    assert await expunged(database, open_, scheduled, other) == [False, False, True]
    await BatchTable(database).close(OWNER, [new.id])
    assert await ScheduleTable(database).cancel(APPLICATION, scheduled.id)
    await turn(database, 2 * HOUR)
    assert await expunged(database, open_, scheduled) == [True, True]


async def test_many_open_batches_are_not_searched_for_every_message(
    database: Database, journal: AnyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_holds, "OPEN_BATCHES_MAX", 2)
    message = expiring()
    await commit(journal, database, message)
    batches = [a_batch(a_message(), id=new_id()) for _ in range(3)]
    for each in batches:
        await journal.commit(each)
    await turn(database, 2 * HOUR)
    assert await expunged(database, message) == [False]
    await BatchTable(database).close(OWNER, [batches[0].id])
    await turn(database, 2 * HOUR)
    assert await expunged(database, message) == [True]


async def test_nothing_is_delivered_again_of_a_deleted_payload(
    database: Database, journal: AnyJournal
) -> None:
    gone, kept = expiring(), a_message()
    await commit(journal, database, gone, kept)
    await turn(database, 2 * HOUR)
    replayed = StoredReplayedMessages(database)
    heads = await replayed.heads(APPLICATION, [gone.id, kept.id])
    assert {one: head.expunged for one, head in heads.items()} == {gone.id: True, kept.id: False}
    found = await replayed.with_payloads(APPLICATION, [gone.id, kept.id])
    assert [one.id for one in found] == [kept.id]


async def test_a_payload_is_deleted_on_request_and_its_time_with_it(
    database: Database, journal: AnyJournal
) -> None:
    wanted, other = expiring(), expiring()
    await commit(journal, database, wanted, other)
    for application_id in (b"x" * 16, APPLICATION, APPLICATION):
        await ExpungedPayloads(database).expunge(application_id, wanted.id)
    assert await expunged(database, wanted, other) == [True, False]
    assert await waiting(database) == 1


async def test_a_deleted_payload_is_not_published_with_its_batch(
    database: Database, journal: AnyJournal
) -> None:
    gone, kept = expiring(), a_message()
    await journal.commit(a_batch(gone, kept))
    await ExpungedPayloads(database).expunge(APPLICATION, gone.id)
    (batch,) = await BatchTable(database).unpublished(OWNER, bytes_max=1 << 20)
    assert [each.id for each in batch.messages] == [kept.id]


async def test_a_repeat_of_an_idempotent_request_does_not_bring_a_payload_back(
    database: Database, journal: AnyJournal
) -> None:
    message = expiring(key_digest=b"k" * 16, request_digest=b"r" * 16)
    await commit(journal, database, message)
    await ExpungedPayloads(database).expunge(APPLICATION, message.id)
    earlier = await journal.earlier(b"k" * 16)
    assert earlier is not None
    assert earlier.message is not None
    assert (earlier.message.payload, earlier.message.expunged) == (b"", True)
