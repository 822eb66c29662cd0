"""Counting messages that violate schemas."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from angarium_gateway.application.tenants import schema_violations
from angarium_gateway.application.tenants.schema_violations import (
    CountSchemaViolations,
    SchemaViolations,
)
from angarium_gateway.application.unavailable import JournalUnavailable

TENANT = b"t" * 16
NOW = datetime(2030, 1, 2, tzinfo=UTC)


class Store:
    """The counts that were added; while `is_down`, nothing is."""

    def __init__(self) -> None:
        self.added: list[dict[tuple[bytes, str], SchemaViolations]] = []
        self.is_down = False

    async def add(self, counts: Mapping[tuple[bytes, str], SchemaViolations]) -> None:
        if self.is_down:
            raise JournalUnavailable("down")
        self.added.append(dict(counts))

    async def of_event_types(
        self, tenant_id: bytes, names: Sequence[str]
    ) -> dict[str, SchemaViolations]:
        raise NotImplementedError

    async def forget(self, tenant_id: bytes, name: str) -> None:
        raise NotImplementedError


async def test_what_was_counted_is_written_once() -> None:
    store, times = Store(), [NOW, NOW + timedelta(seconds=1), NOW]
    counts = CountSchemaViolations(store, lambda: times.pop(0))
    await counts.write()
    for name, refused in (("a", False), ("a", True), ("b", False)):
        counts.note(TENANT, name, refused=refused)
    await counts.write()
    await counts.write()
    assert store.added == [
        {
            (TENANT, "a"): SchemaViolations(1, 1, NOW + timedelta(seconds=1)),
            (TENANT, "b"): SchemaViolations(1, 0, NOW),
        }
    ]


async def test_what_could_not_be_written_is_kept_and_what_is_left_is_written_at_the_end() -> None:
    store = Store()
    counts = CountSchemaViolations(store, lambda: NOW, written_every_s=3_600)
    counts.note(TENANT, "a", refused=False)
    store.is_down = True
    await counts.write()
    counts.note(TENANT, "a", refused=False)
    store.is_down = False
    running = asyncio.ensure_future(counts.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert store.added == [{(TENANT, "a"): SchemaViolations(2, 0, NOW)}]


async def test_only_so_many_event_types_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_violations, "EVENT_TYPES_MAX", 2)
    store = Store()
    counts = CountSchemaViolations(store, lambda: NOW)
    for name in ("a", "b", "c", "a"):
        counts.note(TENANT, name, refused=True)
    await counts.write()
    assert {name: each.refused for (_, name), each in store.added[0].items()} == {"a": 2, "b": 1}


async def test_what_was_kept_is_added_to_what_came_meanwhile() -> None:
    class NotesWhileItFails(Store):
        async def add(self, counts: Mapping[tuple[bytes, str], SchemaViolations]) -> None:
            for _ in range(2 if self.is_down else 0):
                counter.note(TENANT, "a", refused=True)
            await super().add(counts)

    store = NotesWhileItFails()
    counter = CountSchemaViolations(store, lambda: NOW)
    for _ in range(3):
        counter.note(TENANT, "a", refused=False)
    store.is_down = True
    await counter.write()
    store.is_down = False
    await counter.write()
    assert store.added == [{(TENANT, "a"): SchemaViolations(3, 2, NOW)}]
