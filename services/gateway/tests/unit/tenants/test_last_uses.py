"""Uses of API keys: kept in memory, written once in a while."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from angarium_gateway.application.tenants import last_uses
from angarium_gateway.application.tenants.last_uses import LastUses
from angarium_gateway.application.unavailable import JournalUnavailable

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class StoreModel:
    """Implements `KeyUses`; counts writes."""

    def __init__(self) -> None:
        self.writes: list[dict[bytes, datetime]] = []
        self.down = False
        self.written = asyncio.Event()

    async def record(self, uses: Mapping[bytes, datetime]) -> None:
        if self.down:
            raise JournalUnavailable("away")
        self.writes.append(dict(uses))
        self.written.set()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


async def test_many_uses_are_one_write_with_the_latest_time() -> None:
    store, clock = StoreModel(), Clock()
    uses = LastUses(store, clock)
    for _ in range(100):
        uses.note(b"a")
        clock.now += timedelta(seconds=1)
    uses.note(b"b")
    await uses.write()
    await uses.write()
    assert store.writes == [{b"a": NOON + timedelta(seconds=99), b"b": clock.now}]


async def test_what_could_not_be_written_is_written_later_unless_it_is_older() -> None:
    store, clock = StoreModel(), Clock()
    uses = LastUses(store, clock)
    store.down = True
    uses.note(b"a")
    uses.note(b"b")
    await uses.write()
    clock.now += timedelta(seconds=5)
    uses.note(b"a")
    store.down = False
    await uses.write()
    assert store.writes == [{b"a": clock.now, b"b": NOON}]


async def test_uses_are_written_from_time_to_time_and_at_the_end() -> None:
    store, clock = StoreModel(), Clock()
    uses = LastUses(store, clock, written_every_s=0)
    uses.note(b"a")
    running = asyncio.create_task(uses.run())
    await store.written.wait()
    idle = LastUses(store, clock)
    ending = asyncio.create_task(idle.run())
    await asyncio.sleep(0)
    idle.note(b"b")
    for task in (running, ending):
        task.cancel()
    await asyncio.gather(running, ending, return_exceptions=True)
    assert store.writes == [{b"a": NOON}, {b"b": NOON}]


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_uses, "CALLERS_MAX", 3)
    store, clock = StoreModel(), Clock()
    uses = LastUses(store, clock)
    for number in range(10):
        uses.note(bytes([number]))
    await uses.write()
    assert len(store.writes[0]) == 3
