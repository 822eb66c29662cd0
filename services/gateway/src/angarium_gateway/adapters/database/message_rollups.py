"""The gateway's roll-ups: messages by the time of their acceptance, by tenant, application and
event type."""

from collections.abc import Mapping
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.database_times import created_at_ms, start_of_minute
from angarium_chassis.statistics.recording_order import RecordingOrder
from angarium_chassis.statistics.roller import CountedLedger
from angarium_chassis.statistics.rollup_table import Counts, Key, RollupTable
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import message, message_rollup, rollup_position

ROLLUPS: Final = RollupTable(
    message_rollup, keys=("tenant_id", "application_id", "event_type"), numbers=("accepted",)
)


def order_of_messages(database: Database) -> RecordingOrder:
    """The order in which messages are recorded in the journal."""
    return RecordingOrder(message, rollup_position, on_postgres=database.on_postgres)


def counted_ledgers(database: Database) -> list[CountedLedger]:
    """The ledgers that the gateway's roller counts."""
    return [CountedLedger(order_of_messages(database), ROLLUPS, count_messages)]


async def count_messages(
    connection: AsyncConnection, condition: ColumnElement[bool], rollups: RollupTable = ROLLUPS
) -> Mapping[Key, Counts]:
    """Count messages by the minute of their acceptance."""
    row = message.c
    minute = start_of_minute(created_at_ms(row.id) * 1_000).label("minute")
    groups = (minute, row.tenant_id, row.application_id, row.event_type)
    query = select(*groups, func.count()).where(condition).group_by(*groups)
    found: dict[Key, Counts] = {}
    for *key, messages in (await connection.execute(query)).all():
        found.setdefault(tuple(key), rollups.counts()).numbers[0] += messages
    return found
