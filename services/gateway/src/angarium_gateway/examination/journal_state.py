"""The state of the journal at one moment: open batches, batches set aside, overdue messages."""

from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import created_at_ms
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.tables import (
    batch,
    message,
    replica,
    scheduled_message,
)
from angarium_gateway.application.publish.membership import DEAD_AFTER_S

COUNTED_MAX = 10_000
OLDEST_EXAMINED = 100


@dataclass(frozen=True, slots=True)
class JournalState:
    """Counts stop at `COUNTED_MAX`.

    `stuck` counts those of the `OLDEST_EXAMINED` oldest open batches that have been open for too
    long; the first of them for `oldest_s`. `late_s` is how long the first scheduled message has
    been overdue, None if none is.
    """

    open: int
    stuck: int
    oldest_s: float
    set_aside: int
    gateways: int
    late_s: float | None


async def read_journal(database: Database, *, older_than_s: float) -> JournalState:
    """The state of the journal. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        clock = select(clock_us(on_postgres=database.on_postgres))
        now_us = int(await connection.scalar(clock) or 0)
        ages_s = await _ages_s(connection, now_us)
        stuck = [age_s for age_s in ages_s if age_s >= older_than_s]
        due_us = await connection.scalar(select(func.min(scheduled_message.c.deliver_at)))
        late_s = None if due_us is None else (now_us - due_us) / 1_000_000
        alive_since = now_us - int(2 * DEAD_AFTER_S * 1_000_000)
        is_set_aside = batch.c.owner == SET_ASIDE
        return JournalState(
            open=await _count(connection, select(batch.c.id).where(~is_set_aside)),
            stuck=len(stuck),
            oldest_s=max(stuck, default=0.0),
            set_aside=await _count(connection, select(batch.c.id).where(is_set_aside)),
            gateways=await _count(
                connection, select(replica.c.id).where(replica.c.seen_at > alive_since)
            ),
            late_s=late_s if late_s is not None and late_s > 0 else None,
        )


async def _ages_s(connection: AsyncConnection, now_us: int) -> list[float]:
    """The ages of the oldest open batches.

    The batch of a scheduled message is made when the message is due, however old its id is.
    """
    rows = (
        await connection.execute(
            select(batch.c.message_refs)
            .where(batch.c.owner != SET_ASIDE)
            .order_by(batch.c.id)
            .limit(OLDEST_EXAMINED)
        )
    ).all()
    newest = [bytes(row.message_refs)[-32:] for row in rows]
    keys = [(reference[:16], reference[16:]) for reference in newest]
    if not keys:
        return []
    scheduled = await connection.execute(
        select(message.c.id, message.c.deliver_at).where(
            tuple_(message.c.application_id, message.c.id).in_(keys),
            message.c.deliver_at.is_not(None),
        )
    )
    due_us = {bytes(row.id): to_micros(row.deliver_at) for row in scheduled}
    return [
        (now_us - max(created_at_ms(each) * 1_000, due_us.get(each, 0))) / 1_000_000
        for _, each in keys
    ]


async def _count(connection: AsyncConnection, rows: Select[Any]) -> int:
    some = rows.limit(COUNTED_MAX).subquery()
    return int(await connection.scalar(select(func.count()).select_from(some)) or 0)
