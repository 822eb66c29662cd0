"""The worker's outbox of operational events, written with the outcome that caused them."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.operational import OperationalEvent
from sqlalchemy import delete, select

from .storage_errors import storage_errors
from .tables import operational_event


class OutboxTable:
    """Implements `OutboxRows`. Every method raises `StorageDown`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def read(self, limit: int) -> list[OperationalEvent]:
        """See `OutboxRows`."""
        query = select(operational_event).order_by(operational_event.c.id).limit(limit)
        with storage_errors():
            async with self._reading.connect() as connection:
                return [_event(row) for row in (await connection.execute(query)).all()]

    async def delete(self, ids: Sequence[bytes]) -> None:
        """See `OutboxRows`."""
        # In order of id, so that two workers that post the same never deadlock.
        gone = delete(operational_event).where(operational_event.c.id.in_(sorted(ids)))
        with storage_errors():
            async with self._engine.begin() as connection:
                await connection.execute(gone)


def _event(row: Any) -> OperationalEvent:
    return OperationalEvent(
        id=row.id,
        type=row.type,
        tenant_id=row.tenant_id,
        application_id=row.application_id,
        endpoint_id=row.endpoint_id,
        message_id=row.message_id,
        attempt_id=row.attempt_id,
        response_status=row.response_status,
        attempted_at=from_micros(row.attempted_at),
    )
