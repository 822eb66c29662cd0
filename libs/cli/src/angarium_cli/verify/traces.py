"""The worker's ledger: what is on record of deliveries."""

from collections.abc import Sequence

from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    pending_delivery,
)
from sqlalchemy import select, union, union_all

from angarium_cli.verify.journal import IdRange
from angarium_cli.verify.ledgers import Delivery, Recorded


class DeliveryTraces:
    """Reads which deliveries have an attempt, are pending or were cancelled. Raises SQLAlchemy's
    errors."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    async def of(self, message_ids: Sequence[bytes]) -> set[Delivery]:
        """In one statement, which sees one moment: a delivery passes from one table to another."""
        if not message_ids:
            return set()
        made, waits, ended = attempt.c, pending_delivery.c, cancelled_delivery.c
        query = union(
            select(waits.message_id, waits.endpoint_id).where(waits.message_id.in_(message_ids)),
            select(made.message_id, made.endpoint_id).where(
                made.message_id.in_(message_ids), made.id >= first_attempt_id(message_ids)
            ),
            select(ended.message_id, ended.endpoint_id).where(ended.message_id.in_(message_ids)),
        )
        async with self._reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {(bytes(message_id), bytes(endpoint_id)) for message_id, endpoint_id in rows}

    async def recorded(self, within: IdRange, after: bytes, *, limit: int) -> list[Recorded]:
        """A page of what is on record of the range, by message id, from above `after` on. A
        message of several deliveries or attempts may come several times; where a page ends within
        it, the next one leaves the rest of it out."""
        lowest = max(within.first, after)
        parts = []
        for table in (attempt, pending_delivery, cancelled_delivery):
            row = table.c
            query = (
                select(row.message_id, row.application_id, row.tenant_id, row.endpoint_id)
                .where(
                    row.message_id >= within.first,
                    row.message_id > after,
                    row.message_id < within.end,
                )
                .order_by(row.message_id)
                .limit(limit)
            )
            if table is attempt:
                query = query.where(attempt.c.id >= first_attempt_id([lowest]))
            parts.append(select(query.subquery()))
        found = union_all(*parts).subquery()
        page = select(found).order_by(found.c.message_id).limit(limit)
        async with self._reading.connect() as connection:
            rows = (await connection.execute(page)).all()
        return [Recorded(*(bytes(value) for value in row)) for row in rows]
