"""The ledger on Postgres: one statement and one round trip for each call."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg
from angarium_chassis.database.engine import Database
from angarium_chassis.database.named_statement import named_statement
from angarium_chassis.database.single_statements import PinnedConnection

from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.delivery_rows import (
    ATTEMPT_COLUMNS,
    CANCELLED_COLUMNS,
    PENDING_COLUMNS,
    attempt_values,
    cancelled_values,
    delivery_of,
    pending_values,
)
from angarium_worker.adapters.database.polled_records import polled_attempts
from angarium_worker.adapters.database.storage_errors import storage_errors
from angarium_worker.application.ledger.records import (
    EventRow,
    Record,
    Settled,
)
from angarium_worker.domain.delivery import Delivery, DeliveryKey, DeliveryState

from .poll_order import order_records
from .statements import PostgresStatements, columns_of_rows

_sql = partial(named_statement, __package__)
_APPEND = _sql("append_attempts")
_RECORD = _sql("record_outcomes")
_KNOWN = _sql("known_deliveries")
_LEASE = _sql("lease_due")
_RELEASE = _sql("release")
_EXPEDITE = _sql("expedite")
_NEXT_DUE = _sql("next_due")
_COPIED = (*ATTEMPT_COLUMNS, "next_attempt_at")


class PostgresLedger:
    """Implements `Ledger`. Every statement commits by itself."""

    def __init__(self, database: Database) -> None:
        self._statements = PostgresStatements(database)
        self._connection = PinnedConnection(database.engine)

    async def close(self) -> None:
        """Return the connection that records are written through to the pool."""
        await self._connection.close()

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """See `Ledger`. Calls come one at a time, through a connection of their own."""
        with storage_errors():
            return await self._connection.call(partial(_record, records=records))

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        """See `Ledger`."""
        messages, endpoints = columns_of_rows(keys, 2)
        rows = await self._statements.fetch(_KNOWN, messages, endpoints, first_attempt_id(messages))
        return frozenset((row[0], row[1]) for row in rows)

    async def lease_due(self, *, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        """See `Ledger`."""
        rows = await self._statements.fetch(_LEASE, rows_max, bytes_max, int(lease_s * 1_000_000))
        return [delivery_of(row) for row in rows]

    async def release(self, leased: Sequence[Delivery]) -> None:
        """See `Ledger`."""
        await self._statements.fetch(
            _RELEASE,
            *columns_of_rows(
                [(each.message_id, each.endpoint_id, each.fence) for each in leased], 3
            ),
        )

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """See `Ledger`."""
        await self._statements.fetch(_EXPEDITE, endpoint_id, int(beyond_s * 1_000_000))

    async def next_due_in_s(self) -> float | None:
        """See `Ledger`."""
        (row,) = await self._statements.fetch(_NEXT_DUE)
        return None if row[0] is None else row[0] / 1_000_000


async def _record(
    connection: asyncpg.Connection, records: Sequence[Record]
) -> frozenset[DeliveryKey]:
    """Write all of it in one transaction, which is one statement unless attempts at polled
    endpoints are among it."""
    polled = polled_attempts(records)
    if not polled:
        return await write_records(connection, records)
    async with connection.transaction():
        return await write_records(connection, await order_records(connection, records, polled))


async def write_records(
    connection: asyncpg.Connection, records: Sequence[Record]
) -> frozenset[DeliveryKey]:
    """Write all of it; the leased deliveries whose fence held. One statement, that commits with
    the connection's transaction if it has one."""
    attempts: list[tuple[Any, ...]] = []
    pending: list[tuple[Any, ...]] = []
    leased: list[Settled] = []
    cancelled: list[tuple[Any, ...]] = []
    events: list[EventRow] = []
    for record in records:
        attempts.extend(map(attempt_values, record.attempts))
        pending.extend(map(pending_values, record.pending))
        leased.extend(record.leased)
        cancelled.extend(map(cancelled_values, record.cancelled))
        events.extend(record.events)
    if not (pending or leased or cancelled or events):
        await _append(connection, attempts)
        return frozenset()
    free = len(attempts)
    attempts.extend(attempt_values(each.attempt) for each in leased if each.attempt is not None)
    free_cancelled = len(cancelled)
    cancelled.extend(
        cancelled_values(each.delivery) for each in leased if each.state is DeliveryState.CANCELLED
    )
    told: list[tuple[object, ...]] = [(*event, None, None) for event in events]
    told.extend((*each.event, *each.delivery.key) for each in leased if each.event is not None)
    rows = await connection.fetch(
        _RECORD,
        *columns_of_rows(attempts, len(ATTEMPT_COLUMNS) + 1),
        [False] * free + [True] * (len(attempts) - free),
        *columns_of_rows([_settled_values(each) for each in leased], 6),
        *columns_of_rows(pending, len(PENDING_COLUMNS) + 1),
        *columns_of_rows(cancelled, len(CANCELLED_COLUMNS)),
        [False] * free_cancelled + [True] * (len(cancelled) - free_cancelled),
        *columns_of_rows(told, len(EventRow._fields) + 2),
    )
    return frozenset((row[0], row[1]) for row in rows)


def _settled_values(settled: Settled) -> tuple[Any, ...]:
    """Due in no time at all: it ends."""
    row = settled.delivery
    due_in_us = None if settled.ends else row.due_in_us
    lane = None if settled.ends else row.lane
    return (*row.key, row.fence, due_in_us, row.attempts_made, lane)


async def _append(connection: asyncpg.Connection, attempts: Sequence[tuple[Any, ...]]) -> None:
    """Nothing is pending, so no row has a next attempt, and all of them go in as they are.

    COPY takes half the time that the insertion of arrays does, here and in the server; but it
    knows no conflicts: a record whose commit was not confirmed is written again by insertion. A
    conflict would end a transaction around it, so there is no COPY in one.
    """
    if not connection.is_in_transaction():
        try:
            await connection.copy_records_to_table("attempt", records=attempts, columns=_COPIED)
        except asyncpg.UniqueViolationError:
            pass
        else:
            return
    await connection.execute(_APPEND, *columns_of_rows(attempts, len(ATTEMPT_COLUMNS) + 1))
