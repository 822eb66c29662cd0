"""Messages whose content is deleted, and tasks that forget their subjects; on both engines."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import APPLICATION as APPLICATION_PREFIX
from angarium_contracts.ids import MESSAGE, format_id
from angarium_gateway.adapters.database.background_tasks import BackgroundTaskTable
from angarium_gateway.adapters.database.batches import BatchTable
from angarium_gateway.adapters.database.erasable_messages import StoredErasableMessages
from angarium_gateway.adapters.database.expunged_payloads import ExpungedPayloads
from angarium_gateway.adapters.database.tables import metadata
from angarium_gateway.application.erasure.erasable_messages import ErasableMessage, ForgottenRows
from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind, TaskProgress
from angarium_gateway.domain.erasure_subjects import MetadataSubject
from sqlalchemy import select

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

OPERATIONAL = b"o" * 16
LAST = b"\xff" * 16


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[AnyJournal]:
    opened = open_journal(database, Clock())
    yield opened
    await opened.close()


async def places_of(canary: str, database: Database) -> list[str]:
    """Every column of every table that contains it."""
    found = []
    async with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(select(table))).all():
                for column, value in row._mapping.items():
                    text = value if isinstance(value, bytes) else str(value).encode()
                    if canary.encode() in text:
                        found.append(f"{table.name}.{column}")
    return sorted(found)


async def test_messages_are_found_in_the_order_of_their_ids(
    database: Database, journal: AnyJournal
) -> None:
    first, second = sorted([a_message(tags=("p", "q")), a_message()], key=lambda each: each.id)
    scheduled = a_message(deliver_at=datetime(2040, 1, 1, tzinfo=UTC))
    await journal.commit(a_batch(first, second))
    await journal.schedule([scheduled])
    messages = StoredErasableMessages(database)
    found = await messages.page(APPLICATION, after=None, before=LAST, limit=2)
    assert [(each.id, each.scheduled) for each in found] == [
        (first.id, False),
        (second.id, False),
    ]
    rest = await messages.page(APPLICATION, after=second.id, before=LAST, limit=9)
    assert rest == [ErasableMessage(APPLICATION, scheduled.id, scheduled.event_id, scheduled=True)]
    assert await messages.page(APPLICATION, after=None, before=first.id, limit=9) == []
    named = await messages.named(APPLICATION, [first.id, second.id, new_id()])
    assert {each.id: each.tags for each in named} == {first.id: first.tags, second.id: second.tags}
    assert await messages.named(b"x" * 16, [first.id]) == []


async def test_nothing_of_a_message_is_left_in_the_journal(
    database: Database, journal: AnyJournal
) -> None:
    message = a_message(
        payload=b'{"a":"canary"}', event_id="canary", tags=("canary",), trace="canary"
    )
    other = a_message(event_id="other", tags=("q",))
    new = a_batch(message, other)
    await journal.commit(new)
    await BatchTable(database).close(OWNER, [new.id])
    assert await places_of("canary", database) != []
    messages = StoredErasableMessages(database)
    await ExpungedPayloads(database).expunge(APPLICATION, message.id)
    forgotten = await messages.forget(APPLICATION, message.id)
    assert forgotten == ForgottenRows(messages=1, event_claims=1)
    assert await places_of("canary", database) == []
    assert (await messages.forget(APPLICATION, message.id)).event_claims == 0
    (kept,) = await messages.named(APPLICATION, [other.id])
    assert (kept.event_id, kept.tags) == ("other", ("q",))


async def test_operational_messages_that_repeat_a_deleted_event_id_are_found(
    database: Database, journal: AnyJournal
) -> None:
    erased, other = a_message(event_id="canary"), a_message(event_id="other")

    def payload(message_id: bytes, event_id: str) -> bytes:
        data = {
            "appId": format_id(APPLICATION_PREFIX, APPLICATION),
            "msgId": format_id(MESSAGE, message_id),
            "msgEventId": event_id,
        }
        return msgspec.json.encode({"type": "message.attempt.exhausted", "data": data})

    of_erased = a_message(application_id=OPERATIONAL, payload=payload(erased.id, "canary"))
    of_other = a_message(application_id=OPERATIONAL, payload=payload(other.id, "other"))
    foreign = a_message(application_id=OPERATIONAL, payload=b'{"data":[]}')
    await journal.commit(a_batch(erased, other, of_erased, of_other, foreign))
    messages = StoredErasableMessages(database)
    ids = [of_erased.id, of_other.id, foreign.id]
    assert await messages.naming_erased(erased.tenant_id, OPERATIONAL, ids) == set()
    await messages.forget(APPLICATION, erased.id)
    found = await messages.naming_erased(erased.tenant_id, OPERATIONAL, ids)
    assert found == {of_erased.id}


async def test_a_task_that_has_ended_does_not_name_its_subject(database: Database) -> None:
    tasks = BackgroundTaskTable(database)
    since = datetime(2030, 1, 1, tzinfo=UTC)
    arguments = TaskArguments(b"", b"", since, since, subject="canary", requested_by=b"k" * 16)
    started = await tasks.start(
        new_id(), b"t" * 16, TaskKind.PURGE_CONTENT, arguments, running_max=9
    )
    assert started is not None
    held = await tasks.lease(lease_s=60.0)
    assert held is not None
    assert held.task.arguments == arguments
    assert await places_of("canary", database) == ["background_task.arguments"]
    assert await tasks.end(held, TaskProgress(resent=1), error=None)
    assert await places_of("canary", database) == []
    ended = await tasks.find(b"t" * 16, started.id)
    assert ended is not None
    assert ended.arguments == replace(arguments, subject=None)


async def test_a_task_that_has_ended_does_not_name_the_member_of_metadata(
    database: Database,
) -> None:
    tasks = BackgroundTaskTable(database)
    since = datetime(2030, 1, 1, tzinfo=UTC)
    subject = MetadataSubject("customer", "canary")
    arguments = TaskArguments(b"", b"", since, since, subject=subject.text(), by_metadata=True)
    await tasks.start(new_id(), b"t" * 16, TaskKind.PURGE_CONTENT, arguments, running_max=9)
    held = await tasks.lease(lease_s=60.0)
    assert held is not None
    assert held.task.arguments.metadata == subject
    assert await tasks.end(held, TaskProgress(), error=None)
    assert await places_of("canary", database) == []
