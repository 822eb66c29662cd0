"""The table of scheduled messages, on either engine."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.stream_names import stream_number
from sqlalchemy import delete, func, insert, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .failures import journal_failures
from .tables import batch, message, scheduled_message

OPENED_MAX = 200
OPENED_BYTES_MAX = 4 * 1024 * 1024
"""The limits of a group commit: a batch that is opened here is published at once."""


class ScheduleTable:
    """Implements the port `Schedule`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._now_us = clock_us(on_postgres=database.on_postgres)

    async def next_due_in_s(self) -> float | None:
        """See the port."""
        first = select(func.min(scheduled_message.c.deliver_at) - self._now_us)
        with journal_failures():
            async with self._reading.connect() as connection:
                wait_us = await connection.scalar(first)
        return None if wait_us is None else wait_us / 1_000_000

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        """See the port."""
        with journal_failures():
            async with self._engine.begin() as connection:
                due = await self._due(connection)
                if not due:
                    return 0
                ids = [row.message_id for row in due]
                await connection.execute(
                    delete(scheduled_message).where(scheduled_message.c.message_id.in_(ids))
                )
                await connection.execute(insert(batch), _batch_rows(due, owner, stream_count))
        return len(due)

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        """See the port."""
        taken = delete(scheduled_message).where(
            scheduled_message.c.message_id == message_id,
            scheduled_message.c.application_id == application_id,
        )
        recorded = (
            update(message)
            .where(message.c.application_id == application_id, message.c.id == message_id)
            .values(canceled_at=type_coerce(self._now_us, message.c.canceled_at.type))
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                if not (await connection.execute(taken)).rowcount:
                    return False
                await connection.execute(recorded)
        return True

    async def _due(self, connection: AsyncConnection) -> Sequence[Any]:
        """The messages that have been due for longest, locked, within the limits."""
        # Read once, as a subquery: of a clock that goes on while it looks, Postgres cannot make
        # a bound in the index.
        now_us = select(self._now_us).scalar_subquery()
        found = await connection.execute(
            select(scheduled_message)
            .where(scheduled_message.c.deliver_at <= now_us)
            .order_by(scheduled_message.c.deliver_at, scheduled_message.c.message_id)
            .limit(OPENED_MAX)
            .with_for_update(skip_locked=True)
        )
        due: list[Any] = []
        room_bytes = OPENED_BYTES_MAX
        for row in found:
            room_bytes -= row.bytes
            if due and room_bytes < 0:
                break
            due.append(row)
        return due


def _batch_rows(due: Sequence[Any], owner: str, stream_count: int) -> list[dict[str, Any]]:
    numbered: defaultdict[int, list[Any]] = defaultdict(list)
    for row in due:
        numbered[stream_number(row.application_id, stream_count)].append(row)
    return [
        {
            "id": min(bytes(row.message_id) for row in rows),
            "owner": owner,
            "stream_number": number,
            "publication": 1,
            "published": False,
            "bytes": sum(row.bytes for row in rows),
            "message_refs": b"".join(bytes(row.application_id + row.message_id) for row in rows),
        }
        for number, rows in numbered.items()
    ]
