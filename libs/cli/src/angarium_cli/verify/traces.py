"""The worker's ledger: what is on record of deliveries."""

from collections.abc import Sequence

from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    pending_delivery,
)
from sqlalchemy import select, union

from angarium_cli.verify.ledgers import Delivery


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
