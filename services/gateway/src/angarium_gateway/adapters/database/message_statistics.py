"""Reads the gateway's roll-ups."""

from typing import Any, Final

from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from sqlalchemy import func, null, select

from angarium_gateway.application.read.statistics import (
    AcceptedCount,
    AcceptedQuery,
    AcceptedSeries,
    GroupBy,
)

from .failures import journal_failures
from .message_rollups import order_of_messages
from .tables import message_rollup

POINTS_MAX: Final = 5_000

_row = message_rollup.c


class MessageStatistics:
    """Implements `AcceptedMessages`."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading
        self._order = order_of_messages(database)

    async def series(self, query: AcceptedQuery) -> AcceptedSeries | None:
        """See the port."""
        with journal_failures():
            async with self._reading.connect() as connection:
                complete_us = await self._order.complete_at_us(connection)
                stored = (await connection.execute(self._order.stored)).one()
                rows = (await connection.execute(_counts(query))).all()
        if len(rows) > POINTS_MAX:
            return None
        return AcceptedSeries(
            [
                AcceptedCount(from_micros(row.starts_at), row.of_group, int(row.accepted))
                for row in rows
            ],
            complete_until=from_micros(complete_us),
            counted_since=from_micros(stored.began_at),
        )


def _counts(query: AcceptedQuery) -> Any:
    group: Any = None
    if query.group_by is GroupBy.APPLICATION:
        group = _row.application_id
    elif query.group_by is GroupBy.EVENT_TYPE:
        group = _row.event_type
    grouped = [_row.starts_at] if group is None else [_row.starts_at, group]
    label = (null() if group is None else group).label("of_group")
    found = (
        select(_row.starts_at, label, func.sum(_row.accepted).label("accepted"))
        .where(
            _row.tenant_id == query.tenant_id,
            _row.resolution == int(query.resolution),
            _row.starts_at >= to_micros(query.since),
            _row.starts_at < to_micros(query.until),
        )
        .group_by(*grouped)
        .order_by(*grouped)
        .limit(POINTS_MAX + 1)
    )
    if query.application_id is not None:
        found = found.where(_row.application_id == query.application_id)
    if query.without_application_id is not None:
        found = found.where(_row.application_id != query.without_application_id)
    if query.event_type is not None:
        found = found.where(_row.event_type == query.event_type)
    return found
