"""Deliveries on record in the worker's database: overdue ones, and those that an audit compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from sqlalchemy import Select, func, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    lane,
    pending_delivery,
)

COUNTED_MAX = 10_000

type IdRange = tuple[bytes, bytes]
"""Message ids from the first (inclusive) to the second (exclusive)."""
type Delivery = tuple[bytes, bytes]
"""Message id and endpoint id."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Number of overdue rows, counted to `COUNTED_MAX`, and how long the first has been overdue."""

    count: int
    longest_s: float


@dataclass(frozen=True, slots=True)
class PendingState:
    """Overdue retries that are in no lane, and overdue lanes."""

    retries: Overdue
    lanes: Overdue


@dataclass(frozen=True, slots=True)
class Recorded:
    """A delivery that is on record: attempted, pending or cancelled."""

    message_id: bytes
    application_id: bytes
    tenant_id: bytes
    endpoint_id: bytes


async def read_pending(database: Database, *, older_than_s: float) -> PendingState:
    """Count what is overdue by more than `older_than_s`. Raises SQLAlchemy's errors."""
    async with database.reading.connect() as connection:
        clock = select(clock_us(on_postgres=database.on_postgres))
        now_us = int(await connection.scalar(clock) or 0)
        before_us = now_us - int(older_than_s * 1_000_000)
        row, turn = pending_delivery.c, lane.c
        retries = select(row.due_at).where(row.lane.is_(None), row.due_at < before_us)
        # A held lane that was woken has 0: its holder takes another turn, so it is not overdue.
        free = turn.held_until.is_(None) | (turn.held_until < before_us)
        turns = select(turn.due_at).where(
            free, turn.due_at < before_us, or_(turn.due_at > 0, turn.held_until.is_not(None))
        )
        return PendingState(
            await _overdue(connection, retries, row.due_at, now_us),
            await _overdue(connection, turns, turn.due_at, now_us),
        )


async def _overdue(
    connection: AsyncConnection, rows: Select[Any], due_at: Any, now_us: int
) -> Overdue:
    some = rows.order_by(due_at).limit(COUNTED_MAX).subquery()
    count, first = (
        await connection.execute(select(func.count(), func.min(some.c.due_at)).select_from(some))
    ).one()
    return Overdue(int(count), (now_us - int(first)) / 1_000_000 if first else 0.0)


class DeliveryTraces:
    """Reads which deliveries have an attempt, are pending or were cancelled. Raises SQLAlchemy's
    errors."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    async def of(self, message_ids: Sequence[bytes]) -> set[Delivery]:
        """The deliveries of these messages that are on record.

        Read in one statement, which sees one moment: a delivery moves from one table to another.
        """
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
        """A page of the deliveries on record of the messages above `after`, by message id.

        A message with several deliveries or attempts may come several times; where a page ends
        within it, the next page leaves out the rest.
        """
        first, end = within
        lowest = max(first, after)
        parts = []
        for table in (attempt, pending_delivery, cancelled_delivery):
            row = table.c
            query = (
                select(row.message_id, row.application_id, row.tenant_id, row.endpoint_id)
                .where(
                    row.message_id >= first,
                    row.message_id > after,
                    row.message_id < end,
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
