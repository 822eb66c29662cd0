"""The tables of states are true: the real code takes each step in them, and no other.

Batches are watched in the simulated hot path, row by row; messages in a real database.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.retention import RetentionLoop
from angarium_cli.quarantine.set_aside import SetAsideBatches
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.batches import SET_ASIDE, BatchTable
from angarium_gateway.adapters.database.replayed_messages import StoredReplayedMessages
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.schedule import ScheduleTable
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import batch, message, scheduled_message
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.message_states import BATCH, MESSAGE, BatchState, MessageState
from angarium_gateway.domain.messages import NewMessage
from sqlalchemy import select

from ..fakes.batch_watch import LossyStream, Step, WatchedJournal
from ..fakes.hot_path_world import Gateway, World
from ..fakes.journal_model import a_message
from ..fakes.simulated_time import Running, simulated

BATCH_STEPS = {step for each in BATCH for step in each.steps()}
OPERATOR = {step for each in BATCH if each.by_command for step in each.steps()}
TENANT, APPLICATION, OWNER = b"t" * 16, b"a" * 16, "0123456789abcdef0123456789abcdef"


def steps_in_world(seed: int, *, lost_every: int) -> set[Step]:
    """The steps of all batches in one world full of faults."""
    steps: set[Step] = set()

    @simulated
    async def scenario() -> None:
        world = World(seed, faults=0.5)
        journal = world.journal = WatchedJournal()
        world.redis.accepted = LossyStream(lost_every)
        world.gateway = Gateway(world, "replica-0")
        await world.gateway.start()
        async with Running(world.dispatcher, world.worker, world.worker, world.trouble):
            await world.clients(100)
            world.calm, journal.trouble.once = True, None
            journal.backlog(1, owner="gone")
            await asyncio.sleep(100)
            await lose_answers(world)
            await asyncio.sleep(10)
            await take_for_lost(world)
            await asyncio.sleep(10)
        await world.gateway.stop()
        steps.update(journal.steps)

    scenario()
    return steps


async def lose_answers(world: World) -> None:
    """Of a commit, and of telling the journal that a batch must go out again."""
    journal = world.journal
    journal.trouble.once = "after"
    with suppress(JournalUnavailable):
        await world.gateway.commit([a_message()])
    await asyncio.sleep(5)
    await world.gateway.commit([a_message()])
    journal.trouble.once = "after"
    world.gateway.relay.publish_again([max(journal.rows)])


async def take_for_lost(world: World) -> None:
    """A batch that has been settled, and whose row is not deleted yet."""
    window = world.gateway.window
    await world.gateway.commit([a_message()])
    newest = max(world.journal.rows)
    while newest in window:
        await asyncio.sleep(0.01)
    await world.journal.mark_unpublished(world.gateway.name, [newest], redeliver=True)


def test_batches_take_the_steps_of_the_table_and_no_other() -> None:
    taken = set[Step]()
    for seed in range(3):
        taken |= steps_in_world(seed, lost_every=40)

    assert taken <= BATCH_STEPS
    assert taken == BATCH_STEPS - OPERATOR


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
    await books.batches.mark_unpublished(OWNER, [new.id], redeliver=True)
    await books.look(new)
    await books.batches.unpublished(OWNER, bytes_max=1 << 20)
    await books.look(new)
    await books.batches.set_aside(OWNER, new.id)
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

    allowed = {(source, target) for each in MESSAGE for source, target, _ in each.steps()}
    assert books.steps <= allowed
    assert books.steps == allowed


async def test_a_batch_that_an_operator_brings_back_is_published_anew(books: Books) -> None:
    new = books.begin()
    await books.commit(new, published=True)
    await books.batches.set_aside(OWNER, new.id)

    await books.set_aside.bring_back([new.id], owner="f" * 32)

    async with books.database.reading.connect() as connection:
        (row,) = (await connection.execute(select(batch))).all()
    assert (row.published, row.publication) == (False, 2)
    assert {(BatchState.SET_ASIDE, BatchState.UNPUBLISHED, True)} == OPERATOR


def test_every_state_is_reached() -> None:
    assert {each.target for each in BATCH} == set(BatchState)
    assert {each.target for each in MESSAGE} == set(MessageState)
