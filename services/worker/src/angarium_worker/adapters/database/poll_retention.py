"""Deleting the clocks and consumers of polled endpoints that were deleted."""

from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn
from sqlalchemy import select

from .tables import endpoint_copy, poll_clock, poll_consumer


class PollRetention:
    """The retention task of polled endpoints. Their messages go with the endpoints' attempts."""

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        deleted = select(endpoint_copy.c.id).where(endpoint_copy.c.deleted)
        for table in (poll_consumer, poll_clock):
            await delete_rows(turn, table, table.c.endpoint_id.in_(deleted))
