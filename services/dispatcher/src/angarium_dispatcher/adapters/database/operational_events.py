"""The outbox of operational events: those that the gateway has not accepted yet."""

from collections.abc import Sequence

from angarium_chassis.database.engine import Database
from angarium_contracts.operational import OperationalEvent
from sqlalchemy import delete, select

from .rows import operational_event_of
from .tables import operational_event


class OperationalEventRows:
    """Rows of the outbox, read and deleted by any dispatcher.

    Two dispatchers may send the same event; the gateway accepts each id once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, limit: int) -> list[OperationalEvent]:
        """The first `limit` events, in the order of ids. Raises what the database raises."""
        statement = select(operational_event).order_by(operational_event.c.id).limit(limit)
        async with self._database.reading.connect() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [operational_event_of(row) for row in rows]

    async def delete(self, ids: Sequence[bytes]) -> None:
        """Delete events that the gateway has accepted. Raises what the database raises."""
        async with self._database.engine.begin() as connection:
            await connection.execute(
                delete(operational_event).where(operational_event.c.id.in_(ids))
            )
