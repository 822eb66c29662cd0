"""The worker's outbox of operational events, written with the outcome that caused them."""

from collections.abc import Mapping, Sequence
from typing import Any

from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import Explanation
from angarium_contracts.operational import OperationalEvent
from angarium_webhooks.http_heads import NO_RESPONSE, read_response_head
from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from .attempt_explanations import explanation_of
from .exchange_column import exchange_of
from .storage_errors import storage_errors
from .tables import attempt, operational_event


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
                rows = (await connection.execute(query)).all()
                failed = await self._failed(connection, rows)
        return [_event(row, failed.get(row.attempt_id)) for row in rows]

    async def _failed(
        self, connection: AsyncConnection, events: Sequence[Any]
    ) -> Mapping[bytes, Explanation | None]:
        """The explanations of the failed attempts that events name."""
        keys = [(each.message_id, each.attempt_id) for each in events]
        if not keys:
            return {}
        rows = await connection.execute(
            select(attempt).where(tuple_(attempt.c.message_id, attempt.c.id).in_(keys))
        )
        found = {}
        for row in rows.all():
            exchange = exchange_of(row.exchange)
            head = NO_RESPONSE if exchange is None else read_response_head(exchange.response)
            found[row.id] = explanation_of(
                row, exchange, head, body=row.response, with_content=False
            )
        return found

    async def delete(self, ids: Sequence[bytes]) -> None:
        """See `OutboxRows`."""
        # In order of id, so that two workers that post the same never deadlock.
        gone = delete(operational_event).where(operational_event.c.id.in_(sorted(ids)))
        with storage_errors():
            async with self._engine.begin() as connection:
                await connection.execute(gone)


def _event(row: Any, explanation: Explanation | None) -> OperationalEvent:
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
        explanation=explanation,
    )
