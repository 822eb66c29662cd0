"""Deletes the content of messages and attempts from the tables, on both engines."""

from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import EXPUNGED_RESPONSE
from sqlalchemy import exists, func, select, update

from .attempt_bounds import first_attempt_id
from .delivery_rows import is_held
from .storage_errors import storage_errors
from .tables import attempt, cancelled_delivery, pending_delivery

_row = pending_delivery.c


class StoredContentTables:
    """Implements `StoredContent`. `lease_s` is the longest that a worker holds a delivery."""

    def __init__(self, database: Database, *, lease_s: float) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(read_only=True)
        self._is_held = is_held(clock_us(on_postgres=database.on_postgres), lease_s)

    async def blank_pending(self, message_id: bytes) -> None:
        """See `StoredContent`."""
        await self._write(
            update(pending_delivery)
            .where(_row.message_id == message_id, _row.cancelled.is_not(None))
            .values(payload=b"", content_type=None)
        )

    async def count_blanked(self, message_id: bytes, reason: str) -> int:
        """See `StoredContent`."""
        ended = cancelled_delivery.c
        counts = [
            select(func.count()).where(ended.message_id == message_id, ended.reason == reason),
            select(func.count()).where(_row.message_id == message_id, _row.cancelled.is_not(None)),
        ]
        query = select(counts[0].scalar_subquery() + counts[1].scalar_subquery())
        with storage_errors():
            async with self._reading.connect() as connection:
                return int(await connection.scalar(query) or 0)

    async def is_pending(self, message_id: bytes) -> bool:
        """See `StoredContent`."""
        return await self._exists(_row.message_id == message_id)

    async def is_held(self, message_id: bytes) -> bool:
        """See `StoredContent`."""
        return await self._exists(_row.message_id == message_id, self._is_held)

    async def expunge_responses(self, message_id: bytes, attempt_id: bytes | None = None) -> int:
        """See `StoredContent`."""
        wanted = [
            attempt.c.message_id == message_id,
            attempt.c.id >= first_attempt_id([message_id]),
        ]
        if attempt_id is not None:
            wanted.append(attempt.c.id == attempt_id)
        return await self._write(
            update(attempt)
            .where(*wanted)
            .values(response=EXPUNGED_RESPONSE.encode(), exchange=None)
        )

    async def _exists(self, *wanted: Any) -> bool:
        with storage_errors():
            async with self._reading.connect() as connection:
                return bool(await connection.scalar(select(exists().where(*wanted))))

    async def _write(self, statement: Any) -> int:
        with storage_errors():
            async with self._engine.begin() as connection:
                return int((await connection.execute(statement)).rowcount)
