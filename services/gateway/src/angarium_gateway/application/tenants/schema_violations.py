"""Numbers of messages that violate the schema of their event type, by event type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable

from .periodic_writes import write_periodically

WRITTEN_EVERY_S: Final = 5.0
EVENT_TYPES_MAX: Final = 10_000
"""Event types that are counted between two writes; further ones are not."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SchemaViolations:
    """Messages of an event type that violated its schema, and when the last one did."""

    accepted: int
    refused: int
    last_at: datetime

    def __add__(self, later: "SchemaViolations") -> "SchemaViolations":
        return SchemaViolations(
            self.accepted + later.accepted,
            self.refused + later.refused,
            max(self.last_at, later.last_at),
        )


class StoredSchemaViolations(Protocol):
    """The stored numbers. Every method raises `JournalUnavailable`."""

    async def add(self, counts: Mapping[tuple[bytes, str], SchemaViolations]) -> None:
        """Add to those of tenants and their event types."""
        ...

    async def of_event_types(
        self, tenant_id: bytes, names: Sequence[str]
    ) -> Mapping[str, SchemaViolations]:
        """Those of event types that have some."""
        ...

    async def forget(self, tenant_id: bytes, name: str) -> None:
        """Delete those of an event type."""
        ...


class CountSchemaViolations:
    """Counts in memory, and adds to the stored numbers once in a while. What a killed process has
    not written is lost."""

    def __init__(
        self,
        store: StoredSchemaViolations,
        now: Callable[[], datetime],
        *,
        written_every_s: float = WRITTEN_EVERY_S,
    ) -> None:
        self._store = store
        self._now = now
        self._written_every_s = written_every_s
        self._counts: dict[tuple[bytes, str], SchemaViolations] = {}

    def note(self, tenant_id: bytes, event_type: str, *, refused: bool) -> None:
        """A message violated its schema."""
        key = tenant_id, event_type
        counted = self._counts.get(key)
        if counted is None and len(self._counts) >= EVENT_TYPES_MAX:
            return
        one = SchemaViolations(not refused, refused, self._now())
        self._counts[key] = one if counted is None else counted + one

    async def run(self) -> None:
        """Write until cancelled, and a last time then."""
        await write_periodically(self.write, self._written_every_s, what="schema_violations")

    async def write(self) -> None:
        """Write what was counted since the last time. If the database is not reachable, it is kept
        for the next time."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await self._store.add(counts)
        except JournalUnavailable as error:
            for key, earlier in counts.items():
                later = self._counts.get(key)
                self._counts[key] = earlier if later is None else earlier + later
            log.warning("schema_violations.not_written", reason=str(error))
