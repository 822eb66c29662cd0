"""Deletes payloads from the journal on request."""

from datetime import UTC, datetime

from angarium_chassis.database.engine import Database
from sqlalchemy import delete, update

from .failures import journal_failures
from .retention_payloads import WITHOUT_PAYLOAD
from .tables import message, payload_expiry


class ExpungedPayloads:
    """Implements the port `Payloads`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine

    async def expunge(self, application_id: bytes, message_id: bytes) -> None:
        """See the port."""
        expunged = (
            update(message)
            .where(
                message.c.application_id == application_id,
                message.c.id == message_id,
                message.c.expunged_at.is_(None),
            )
            .values(expunged_at=datetime.now(UTC), **WITHOUT_PAYLOAD)
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(expunged)
                await connection.execute(
                    delete(payload_expiry).where(payload_expiry.c.message_id == message_id)
                )
