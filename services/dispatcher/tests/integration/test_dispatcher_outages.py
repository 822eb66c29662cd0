"""The dispatcher while its database or Redis is away, against a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.contract import Reader
from angarium_contracts.directory import DirectoryChanged
from angarium_contracts.hot_path import AcceptedMessage, DeliveriesRequested, MessagesAccepted
from angarium_contracts.stream_names import (
    DIRECTORY_CHANGED,
    DISPATCHERS,
    deliveries_requested,
    messages_accepted,
)
from angarium_dispatcher.adapters.streams.announce_changes import ChangeAnnouncer
from angarium_dispatcher.adapters.streams.dispatch_batches import BatchDispatch, ShutdownSignal
from angarium_dispatcher.application.configuration.store import DirectoryChange
from angarium_dispatcher.application.dispatch.dispatch_messages import DispatchedCounts
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.matching import EndpointFilter, Recipients
from faststream.redis import RedisBroker
from structlog.testing import capture_logs

from ..conftest import Bench
from .conftest import WAIT_S, entries_after

KNOWN, UNKNOWN = b"k" * 16, b"u" * 16


@pytest.fixture
async def broker(redis_url: str) -> AsyncIterator[RedisBroker]:
    opened = open_broker(redis_url)
    await opened.connect()
    yield opened
    await opened.stop()


class FakeDatabase:
    """Recipients that can be read while it is there."""

    def __init__(self) -> None:
        self.away = False
        self.asked = asyncio.Event()

    async def read(self, application_ids: Sequence[bytes]) -> dict[bytes, Recipients]:
        self.asked.set()
        if self.away:
            raise ConnectionRefusedError("away")
        return {each: Recipients(1, [EndpointFilter(each, 1)]) for each in application_ids}


class CountedInTotal:
    """Metrics that only add up."""

    def __init__(self) -> None:
        self.deliveries = 0

    def count(self, counts: DispatchedCounts) -> None:
        self.deliveries += counts.deliveries


class Dispatcher:
    """The hot path alone, over a fake database and a real Valkey."""

    def __init__(self, broker: RedisBroker) -> None:
        self.database = FakeDatabase()
        self.stopping = ShutdownSignal()
        self.metrics = CountedInTotal()
        self.writer = StreamWriter(broker)
        self.redis = redis_of(broker)
        self.reader = GroupReader(
            broker,
            stream=messages_accepted(0),
            group=DISPATCHERS,
            consumer="one",
            reader=Reader(MessagesAccepted),
            handle=BatchDispatch(
                RecipientsCache(self.database.read, applications_max=10, weight_max=100),
                self.writer,
                self.metrics,
                requests=deliveries_requested(0),
                pause=self.stopping.pause,
            ),
            quarantine=Quarantine(broker, "dispatcher"),
            clock_s=time.monotonic,
        )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.reader.run())
            tasks.create_task(self.stopping.run())

    async def accept(self, *application_ids: bytes) -> None:
        await self.writer.write(
            [
                Publication(
                    messages_accepted(0),
                    MessagesAccepted(
                        each, 1, "settle", (AcceptedMessage(b"m" * 16, each, each, 1, "a", b"{}"),)
                    ),
                )
                for each in application_ids
            ]
        )

    async def next_chunk(self, after: bytes = b"0") -> tuple[bytes, DeliveriesRequested]:
        async with asyncio.timeout(WAIT_S):
            entries = await entries_after(self.redis, deliveries_requested(0), after)
        entry_id, fields = entries[0]
        chunk = Reader(DeliveriesRequested).read(fields[b"__data__"])
        assert isinstance(chunk, DeliveriesRequested)
        return entry_id, chunk


async def test_while_the_database_is_away_known_applications_go_on_and_the_rest_waits(
    broker: RedisBroker,
) -> None:
    dispatcher = Dispatcher(broker)
    running = asyncio.create_task(dispatcher.run())
    await dispatcher.accept(KNOWN)
    last, _ = await dispatcher.next_chunk()

    dispatcher.database.away = True
    await dispatcher.accept(UNKNOWN, KNOWN)
    last, chunk = await dispatcher.next_chunk(last)
    assert chunk.batch_id == KNOWN
    assert await dispatcher.redis.xlen(messages_accepted(0)) == 1

    dispatcher.database.away = False
    _, chunk = await dispatcher.next_chunk(last)
    assert (chunk.batch_id, chunk.redelivered) == (UNKNOWN, False)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert dispatcher.metrics.deliveries == 3


async def test_a_dispatcher_that_waits_for_its_database_stops_at_once_and_gives_back(
    broker: RedisBroker,
) -> None:
    dispatcher = Dispatcher(broker)
    dispatcher.database.away = True
    running = asyncio.create_task(dispatcher.run())
    await dispatcher.accept(UNKNOWN)
    async with asyncio.timeout(WAIT_S):
        await dispatcher.database.asked.wait()
    running.cancel()
    async with asyncio.timeout(WAIT_S):
        with suppress(asyncio.CancelledError):
            await running
    pending = await dispatcher.redis.xpending(messages_accepted(0), DISPATCHERS)
    assert pending["pending"] == 1


async def test_the_current_version_is_published_now_and_then(
    broker: RedisBroker, bench: Bench
) -> None:
    announcer = ChangeAnnouncer(StreamWriter(broker), bench.reads, heartbeat_s=0.01)
    running = asyncio.create_task(announcer.run())
    async with asyncio.timeout(WAIT_S):
        entries = await entries_after(redis_of(broker), DIRECTORY_CHANGED, b"0")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    _, fields = entries[0]
    assert Reader(DirectoryChanged).read(fields[b"__data__"]) == DirectoryChanged(0, 0)


async def test_a_change_that_cannot_be_announced_is_no_failure(bench: Bench) -> None:
    nowhere = open_broker("redis://127.0.0.1:1/0")
    await nowhere.connect()
    announcer = ChangeAnnouncer(StreamWriter(nowhere), bench.reads)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    tombstone = Application(KNOWN, KNOWN, None, "", None, {}, now, now, version=1, deleted=True)
    with capture_logs() as logged:
        await announcer.announce(DirectoryChange(0, 1, (tombstone,)))
    assert [line["event"] for line in logged] == ["directory.not_announced"]
    await nowhere.stop()
