"""Payloads go when their retention has ended, and their messages stay; on both engines."""

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import MESSAGE, format_id, lowest_id_at
from angarium_gateway.adapters.database import retention_holds, retention_rules
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.expunged_payloads import ExpungedPayloads
from angarium_gateway.adapters.database.legal_holds import StoredLegalHolds
from angarium_gateway.adapters.database.message_queries import StoredMessages
from angarium_gateway.adapters.database.payload_retentions import StoredPayloadRetentions
from angarium_gateway.adapters.database.replayed_messages import StoredReplayedMessages
from angarium_gateway.adapters.database.retention_payloads import delete_expired_payloads
from angarium_gateway.adapters.database.retention_rules import PayloadRules
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.adapters.database.tables import application_copy, message, payload_expiry
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.application.tenants.payload_retention import TooManyRules
from angarium_gateway.domain.messages import NewMessage
from sqlalchemy import func, insert, select

from .hot_path.conftest import (
    APPLICATION,
    OWNER,
    TENANT,
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
OTHER = b"o" * 16
_places = itertools.count(1)


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[AnyJournal]:
    opened = open_journal(database, Clock())
    yield opened
    await opened.close()


def posted(**more: object) -> NewMessage:
    """A message of the time `NOW`."""
    first = lowest_id_at(to_micros(NOW) // 1_000)
    place = int.from_bytes(first) + next(_places)
    return a_message(id=place.to_bytes(16), **more)


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


async def rules_turn(database: Database, rules: PayloadRules, after: timedelta) -> None:
    """A turn of retention so long after `NOW` in which the rules are applied first."""
    now_ms = to_micros(NOW + after) // 1_000
    async with AsyncExitStack() as opened:
        connection = None
        if database.on_postgres:
            connection = await opened.enter_async_context(database.engine.connect())
        await rules(RetentionTurn(database, connection, now_ms))
    await turn(database, after)


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


async def test_a_rule_deletes_the_payloads_of_an_application(
    database: Database, journal: AnyJournal
) -> None:
    messages = [posted(payload=CANARY) for _ in range(250)]
    own = posted(payload=CANARY, payload_expires_at=NOW + 9 * HOUR)
    other = posted(payload=CANARY, application_id=OTHER)
    await commit(journal, database, *messages, own, other)
    retentions, rules = StoredPayloadRetentions(database), PayloadRules()
    await retentions.set_of_application(TENANT, APPLICATION, 2)

    await rules_turn(database, rules, 2 * HOUR - timedelta(minutes=1))
    assert await expunged(database, messages[0], own) == [False, False]
    await rules_turn(database, rules, 2 * HOUR + timedelta(minutes=1))
    assert await expunged(database, *messages, own) == [True] * 250 + [False]
    assert await payload_of(database, other) == CANARY
    assert await waiting(database) == 1
    # A message's own retention, which is longer, goes first.
    await rules_turn(database, rules, 10 * HOUR)
    assert await expunged(database, own) == [True]


async def test_a_rule_deletes_the_payloads_of_an_event_type_in_all_applications(
    database: Database, journal: AnyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_rules, "APPLICATIONS_PAGE", 1)
    known = [{"id": each, "tenant_id": TENANT, "version": 1} for each in (APPLICATION, OTHER)]
    foreign = {"id": b"f" * 16, "tenant_id": b"u" * 16, "version": 1}
    async with database.engine.begin() as connection:
        await connection.execute(insert(application_copy), [*known, foreign])
    short, kept = (
        posted(payload=CANARY, event_type=name) for name in ("invoice.paid", "invoice.sent")
    )
    elsewhere = posted(payload=CANARY, event_type="invoice.paid", application_id=OTHER)
    theirs = posted(
        payload=CANARY, event_type="invoice.paid", application_id=b"f" * 16, tenant_id=b"u" * 16
    )
    await commit(journal, database, short, kept, elsewhere, theirs)
    retentions, rules = StoredPayloadRetentions(database), PayloadRules()
    await retentions.set_of_event_type(TENANT, "invoice.paid", 1)

    await rules_turn(database, rules, 2 * HOUR)
    assert await expunged(database, short, kept) == [True, False]
    assert await payload_of(database, elsewhere) == b""
    assert await payload_of(database, theirs) == CANARY


async def test_the_shorter_of_two_rules_applies_and_a_changed_one_to_earlier_messages(
    database: Database, journal: AnyJournal
) -> None:
    async with database.engine.begin() as connection:
        row = {"id": APPLICATION, "tenant_id": TENANT, "version": 1}
        await connection.execute(insert(application_copy).values(**row))
    message, other = posted(payload=CANARY), posted(payload=CANARY, event_type="other")
    await commit(journal, database, message, other)
    retentions, rules = StoredPayloadRetentions(database), PayloadRules()
    await retentions.set_of_application(TENANT, APPLICATION, 48)
    await retentions.set_of_event_type(TENANT, message.event_type, 5)
    await rules_turn(database, rules, 6 * HOUR)
    assert await expunged(database, message, other) == [True, False]

    await retentions.set_of_application(TENANT, APPLICATION, 3)
    await rules_turn(database, rules, 6 * HOUR)
    assert await expunged(database, other) == [True]


async def test_a_rule_leaves_what_no_worker_has_and_comes_back_to_it(
    database: Database, journal: AnyJournal
) -> None:
    open_ = posted(payload=CANARY)
    new = a_batch(open_, id=open_.id)
    await journal.commit(new)
    retentions, rules = StoredPayloadRetentions(database), PayloadRules()
    await retentions.set_of_application(TENANT, APPLICATION, 1)
    await rules_turn(database, rules, 2 * HOUR)
    assert await expunged(database, open_) == [False]
    await BatchTable(database).close(OWNER, [new.id])
    await rules_turn(database, rules, 2 * HOUR)
    assert await expunged(database, open_) == [True]


async def test_rules_are_read_replaced_and_removed(database: Database) -> None:
    retentions = StoredPayloadRetentions(database, rules_max=2)
    await retentions.set_of_application(TENANT, APPLICATION, 24)
    await retentions.set_of_application(TENANT, APPLICATION, 48)
    await retentions.set_of_event_type(TENANT, "a.b", 1)
    await retentions.set_of_event_type(b"u" * 16, "a.b", 7)
    assert await retentions.of_applications(TENANT, [APPLICATION, OTHER]) == {APPLICATION: 48}
    assert await retentions.of_event_types(TENANT, ["a.b", "a.c"]) == {"a.b": 1}

    await retentions.set_of_event_type(TENANT, "a.c", 2)
    with pytest.raises(TooManyRules):
        await retentions.set_of_event_type(TENANT, "a.d", 3)
    await retentions.set_of_event_type(TENANT, "a.c", 4)
    await retentions.set_of_event_type(TENANT, "a.b", None)
    assert await retentions.of_event_types(TENANT, ["a.b", "a.c", "a.d"]) == {"a.c": 4}
    await retentions.set_of_application(TENANT, APPLICATION, None)
    assert await retentions.of_applications(TENANT, [APPLICATION]) == {}


async def payload_of(database: Database, message_: NewMessage) -> bytes:
    query = select(message.c.payload).where(message.c.id == message_.id)
    async with database.reading.connect() as connection:
        return bytes(await connection.scalar(query) or b"")
