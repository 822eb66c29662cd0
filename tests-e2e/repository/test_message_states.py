"""Messages change state as the page on states says: the gateway's code makes each change on a real
database, and no other."""

import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.batches import SET_ASIDE, BatchTable
from angarium_gateway.adapters.database.replayed_messages import StoredReplayedMessages
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.set_aside_batches import SetAsideBatches
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import batch, message, scheduled_message
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.domain.batch_states import (
    BATCH_CHANGES,
    BROUGHT_BACK,
    GIVEN_UP,
    LOST,
    BatchState,
)
from angarium_gateway.domain.messages import NewMessage
from sqlalchemy import select

from .message_states import MESSAGE_CHANGES, MessageState

TENANT, APPLICATION, OWNER = b"t" * 16, b"a" * 16, "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = open_database(f"sqlite+aiosqlite:///{tmp_path}/gateway.db")
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


class Books:
    """A gateway's own code on a real database, and what its tables say of one message."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.batches = BatchTable(database)
        self.schedule = ScheduleTable(database)
        self.set_aside = SetAsideBatches(database)
        self.targeted = StoredReplayedMessages(database)
        self.journal = SqliteJournal(
            database, clock_us=lambda: time.time_ns() // 1_000, key_life_us=1_000_000
        )
        self.steps: set[tuple[MessageState | None, MessageState]] = set()
        self._now: MessageState | None = None

    def begin(self, *, deliver_at: datetime | None = None) -> NewMessage:
        """The next message, 40 days old by its id."""
        self._now = None
        old_ms = time.time_ns() // 1_000_000 - 40 * 86_400_000
        new_id = lowest_id_at(old_ms)[:6] + os.urandom(10)
        return NewMessage(new_id, TENANT, APPLICATION, "a.b", b"{}", deliver_at=deliver_at)

    async def commit(self, new: NewMessage, *, published: bool) -> None:
        """In a batch with the message's id."""
        await self.journal.commit(NewBatch(new.id, OWNER, 0, published, (new,)))
        await self.look(new)

    async def retain(self, new: NewMessage) -> None:
        """A turn of retention: 30 days."""
        kept = retention_tasks(self.database, message_days=30, audit_days=365, key_life_s=86_400)
        await RetentionLoop(self.database, kept).turn()
        await self.look(new)

    async def look(self, new: NewMessage) -> MessageState:
        """Note the step that it took, if it took one."""
        state = await self._state(new.id)
        if state is not self._now:
            self.steps.add((self._now, state))
        self._now = state
        return state

    async def _state(self, message_id: bytes) -> MessageState:
        async with self.database.reading.connect() as connection:
            stored = (
                await connection.execute(select(message).where(message.c.id == message_id))
            ).first()
            waiting = await connection.scalar(
                select(scheduled_message.c.message_id).where(
                    scheduled_message.c.message_id == message_id
                )
            )
            row = (await connection.execute(select(batch).where(batch.c.id == message_id))).first()
        if stored is None:
            return MessageState.DELETED
        if waiting is not None:
            return MessageState.SCHEDULED
        if row is not None:
            aside = row.owner == SET_ASIDE
            under_way = MessageState.UNDER_WAY if row.published else MessageState.ACCEPTED
            return MessageState.SET_ASIDE if aside else under_way
        canceled = stored.canceled_at is not None
        return MessageState.CANCELLED if canceled else MessageState.SETTLED


@pytest.fixture
async def books(database: Database) -> AsyncIterator[Books]:
    opened = Books(database)
    yield opened
    await opened.journal.close()


async def through_the_backlog(books: Books) -> None:
    """Committed without room, published, lost, set aside, brought back, settled, deleted."""
    new = books.begin()
    await books.commit(new, published=False)
    await books.retain(new)
    await books.batches.unpublished(OWNER, bytes_max=1 << 20)
    await books.look(new)
    await books.batches.change(OWNER, [new.id], LOST)
    await books.look(new)
    await books.batches.unpublished(OWNER, bytes_max=1 << 20)
    await books.look(new)
    await books.batches.change(OWNER, [new.id], GIVEN_UP)
    await books.look(new)
    await books.retain(new)
    assert await books.set_aside.bring_back([new.id], owner="f" * 32) == 1
    await books.look(new)
    await books.batches.heartbeat(OWNER, dead_after_s=7)
    assert await books.batches.adopt(OWNER, dead_after_s=7) == 1
    await books.batches.unpublished(OWNER, bytes_max=1 << 20)
    await books.look(new)
    await books.batches.close(OWNER, [new.id])
    await books.look(new)
    await books.retain(new)


async def at_once_and_directly(books: Books) -> None:
    """Committed with room; taken for lost and settled; and an example, which is in no batch."""
    new = books.begin()
    await books.commit(new, published=True)
    lost = books.begin()
    await books.commit(lost, published=False)
    await books.batches.close(OWNER, [lost.id])
    await books.look(lost)
    example = books.begin()
    await books.targeted.store(example)
    await books.look(example)


async def from_the_schedule(books: Books) -> None:
    """One whose time comes, and one that is cancelled before."""
    sent = await scheduled(books)
    assert await books.schedule.open_due(OWNER, stream_count=1) == 1
    await books.look(sent)
    cancelled = await scheduled(books)
    assert await books.schedule.cancel(APPLICATION, cancelled.id)
    await books.look(cancelled)
    await books.retain(cancelled)


async def scheduled(books: Books) -> NewMessage:
    """A message that is due, and that retention leaves alone."""
    new = books.begin(deliver_at=datetime.now(UTC) - timedelta(minutes=1))
    await books.journal.schedule([new])
    await books.look(new)
    await books.retain(new)
    return new


async def test_messages_take_the_steps_of_the_table_and_no_other(books: Books) -> None:
    for life in (through_the_backlog, at_once_and_directly, from_the_schedule):
        await life(books)

    allowed = {
        (source, each.target) for each in MESSAGE_CHANGES for source in each.sources or (None,)
    }
    assert books.steps <= allowed
    assert books.steps == allowed


async def test_a_batch_that_an_operator_brings_back_is_published_anew(books: Books) -> None:
    new = books.begin()
    await books.commit(new, published=True)
    await books.batches.change(OWNER, [new.id], GIVEN_UP)

    await books.set_aside.bring_back([new.id], owner="f" * 32)

    async with books.database.reading.connect() as connection:
        (row,) = (await connection.execute(select(batch))).all()
    assert (row.published, row.publication) == (False, 2)
    assert [each for each in BATCH_CHANGES if each.by_command] == [BROUGHT_BACK]
    assert list(BROUGHT_BACK.steps()) == [(BatchState.SET_ASIDE, BatchState.UNPUBLISHED, True)]


def test_every_state_is_reached() -> None:
    assert {each.target for each in MESSAGE_CHANGES} == set(MessageState)
