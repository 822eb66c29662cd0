"""Relays that are killed at each step: every committed event is accepted once, in order."""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import Any

from angarium_outbox import Event, add_many_async
from angarium_outbox.store import OutboxStore
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..fake_platform import FakePlatform, Message
from ..relay_process import relay_environment, running_relay

KEYS = 4


class Producer:
    """Commits events of some keys, and rolls others back."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.committed: list[tuple[str | None, int]] = []

    async def commit(self, count: int) -> None:
        async with self._engine.begin() as connection:
            await self._add(connection, count, committed=True)
        async with self._engine.connect() as connection:
            await self._add(connection, 3, committed=False)
            await connection.rollback()

    async def _add(self, connection: AsyncConnection, count: int, *, committed: bool) -> None:
        start = len(self.committed)
        added = [
            (None if n % (KEYS + 1) == KEYS else f"key {n % (KEYS + 1)}", n)
            for n in range(start, start + count)
        ]
        await add_many_async(
            connection,
            [
                Event(
                    application="acme",
                    event_type="a.b",
                    payload={"key": key, "n": n, "committed": committed},
                    key=key,
                )
                for key, n in added
            ],
        )
        if committed:
            self.committed += added


def one_sender(engine: AsyncEngine, platform: FakePlatform) -> dict[str, str]:
    """The environment of a relay with one batch in flight: it is killed at that one's step."""
    return relay_environment(engine, platform, senders="1")


async def killed_by(
    hook: str, engine: AsyncEngine, platform: FakePlatform, *, stored: bool
) -> None:
    """Run a relay that is killed in the platform's hook `before` or `after` storing a batch."""
    async with running_relay(one_sender(engine, platform)) as relay:

        async def kill(_: list[Message]) -> Any:
            setattr(platform, hook, None)
            relay.kill()
            await relay.wait()
            if not stored:
                raise ConnectionError

        setattr(platform, hook, kill)
        await relay.wait()


async def killed_before_recording(engine: AsyncEngine, platform: FakePlatform) -> None:
    """Run a relay that is killed once it has the answer, and before it has recorded it."""
    answered = asyncio.Event()
    async with AsyncExitStack() as locked:

        async def lock_and_answer(_: list[Message]) -> None:
            platform.after = None
            connection = await locked.enter_async_context(engine.connect())
            lock = "select position from angarium_outbox for update"
            if engine.dialect.name == "sqlite":
                lock = "begin immediate"
            await connection.exec_driver_sql(lock)
            answered.set()

        platform.after = lock_and_answer
        async with running_relay(one_sender(engine, platform)) as relay:
            await answered.wait()
            if engine.dialect.name == "postgresql":
                await one_waits_for_a_lock(engine)
            relay.kill()
            await relay.wait()


async def one_waits_for_a_lock(engine: AsyncEngine) -> None:
    waiting = text(
        "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    async with engine.connect() as connection, asyncio.timeout(60):
        while not (await connection.execute(waiting)).scalar():
            await asyncio.sleep(0.01)


async def killed_after_recording(
    engine: AsyncEngine, platform: FakePlatform, store: OutboxStore
) -> None:
    async with running_relay(relay_environment(engine, platform)) as relay, asyncio.timeout(60):
        while (await store.backlog()).pending:
            await asyncio.sleep(0.01)
        relay.kill()
        await relay.wait()


async def test_every_committed_event_is_accepted_once_and_in_order_whenever_a_relay_is_killed(
    engine: AsyncEngine, platform: FakePlatform, store: OutboxStore
) -> None:
    producer = Producer(engine)
    await producer.commit(20)
    await killed_by("before", engine, platform, stored=False)
    assert platform.stored == []
    await killed_by("after", engine, platform, stored=True)
    assert 0 < len(platform.stored) < 20
    await producer.commit(10)
    await killed_before_recording(engine, platform)
    assert (await store.backlog()).pending > 0
    await producer.commit(10)
    await killed_after_recording(engine, platform, store)
    await producer.commit(10)
    async with AsyncExitStack() as relays:
        for _ in range(2):
            await relays.enter_async_context(running_relay(relay_environment(engine, platform)))
        await platform.has_stored(50)

    assert platform.duplicates > 0
    assert all(message["payload"]["committed"] for message in platform.stored)
    stored = [(message["payload"]["key"], message["payload"]["n"]) for message in platform.stored]
    assert sorted(n for _, n in stored) == sorted(n for _, n in producer.committed)
    of_key: dict[str, list[int]] = defaultdict(list)
    for key, n in stored:
        if key is not None:
            of_key[key].append(n)
    assert len(of_key) == KEYS
    assert all(numbers == sorted(numbers) for numbers in of_key.values())
