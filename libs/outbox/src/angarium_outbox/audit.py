"""The outbox as `angarium verify --outbox` reads it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_outbox.store import Backlog, OutboxStore
from angarium_outbox.tables import State, outbox

_ROWS_AT_ONCE: Final = 20
"""Rows with payloads that are in memory at once."""


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """An event that is recorded as accepted."""

    position: int
    application: str
    event_id: str


class OutboxAudit:
    """Reads what the outbox has on record. Raises SQLAlchemy's errors."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._store = OutboxStore(engine)

    async def backlog(self) -> Backlog:
        """The events that are not accepted."""
        return await self._store.backlog()

    async def accepted(
        self, span_ms: tuple[int, int], *, after: int, limit: int
    ) -> list[AcceptedEvent]:
        """A page of the events that were recorded as accepted in a range of time (Unix time)."""
        row, (since_ms, until_ms) = outbox.c, span_ms
        query = (
            select(row.position, row.application, row.event_id)
            .where(
                row.state == State.ACCEPTED,
                row.ended_ms >= since_ms,
                row.ended_ms < until_ms,
                row.position > after,
            )
            .order_by(row.position)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return [AcceptedEvent(*each) for each in (await connection.execute(query)).all()]

    async def payload_digests(self, positions: Collection[int]) -> dict[int, bytes]:
        """SHA-256 of the payloads at these positions, as they are posted; without those that were
        deleted since."""
        row = outbox.c
        query = select(row.position, row.payload).where(row.position.in_(sorted(positions)))
        found: dict[int, bytes] = {}
        async with self._engine.connect() as connection:
            rows = await connection.stream(query.execution_options(yield_per=_ROWS_AT_ONCE))
            async for each in rows:
                found[each.position] = hashlib.sha256(each.payload.encode()).digest()
        return found

    async def known(self, event_ids: Collection[str]) -> set[str]:
        """Those of these events that were committed, whatever became of them."""
        row = outbox.c
        query = select(row.event_id).where(row.event_id.in_(sorted(event_ids)))
        async with self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def oldest_accepted_ms(self) -> int | None:
        """When the oldest accepted event was added that is not deleted; None without any. All later
        ones are still there."""
        row = outbox.c
        query = (
            select(row.created_ms)
            .where(row.state == State.ACCEPTED)
            .order_by(row.position)
            .limit(1)
        )
        async with self._engine.connect() as connection:
            found: int | None = (await connection.execute(query)).scalar()
        return found
