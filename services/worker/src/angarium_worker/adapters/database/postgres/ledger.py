"""The ledger on Postgres: one statement and one round trip for each call."""

from collections.abc import Sequence
from functools import partial

import asyncpg
from angarium_chassis.database.engine import Database, postgres_of
from angarium_chassis.database.fresh_plans import FreshPlans
from angarium_chassis.database.named_statement import named_statement
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.storage_errors import storage_errors
from angarium_worker.application.ledger.records import (
    AttemptRow,
    CancelledRow,
    DeliveryKey,
    DueDelivery,
    EventRow,
    LeasedOutcome,
    PendingRow,
    Record,
)

from .statements import PostgresStatements, columns_of_rows

_sql = partial(named_statement, __package__)
_APPEND = _sql("append_attempts")
_RECORD = _sql("record_outcomes")
_KNOWN = _sql("known_deliveries")
_LEASE = _sql("lease_due")
_RELEASE = _sql("release")
_EXPEDITE = _sql("expedite")
_NEXT_DUE = _sql("next_due")
_COPIED = (*AttemptRow._fields[:-2], "ended_at", "next_attempt_at")
_TOTAL = "select count(*) from pending_delivery"


class PostgresLedger:
    """Implements `Ledger`. Every statement commits by itself."""

    def __init__(self, database: Database) -> None:
        self._statements = PostgresStatements(database)
        self._kept: AsyncConnection | None = None
        self._kept_raw: asyncpg.Connection | None = None
        self._plans = FreshPlans()

    async def close(self) -> None:
        """Give back the connection that records are written through."""
        kept, self._kept, self._kept_raw = self._kept, None, None
        if kept is not None:
            await kept.close()

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """See `Ledger`. Calls come one at a time, through a connection of their own."""
        with storage_errors():
            try:
                raw = self._kept_raw or await self._keep_connection()
                await self._plans.renew(raw)
                return await write_records(raw, records)
            except BaseException:
                await self._drop_broken()
                raise

    async def _keep_connection(self) -> asyncpg.Connection:
        self._kept = await self._statements.engine.connect()
        self._kept_raw = await postgres_of(self._kept)
        return self._kept_raw

    async def _drop_broken(self) -> None:
        kept, self._kept, self._kept_raw = self._kept, None, None
        if kept is not None:
            await kept.invalidate()
            await kept.close()

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        """See `Ledger`."""
        messages, endpoints = columns_of_rows(keys, 2)
        rows = await self._statements.fetch(_KNOWN, messages, endpoints, first_attempt_id(messages))
        return frozenset((row[0], row[1]) for row in rows)

    async def lease_due(
        self, *, rows_max: int, bytes_max: int, lease_s: float
    ) -> list[DueDelivery]:
        """See `Ledger`."""
        rows = await self._statements.fetch(_LEASE, rows_max, bytes_max, int(lease_s * 1_000_000))
        return [DueDelivery(*row) for row in rows]

    async def release(self, leased: Sequence[DueDelivery]) -> None:
        """See `Ledger`."""
        await self._statements.fetch(
            _RELEASE,
            [due.id for due in leased],
            [due.endpoint_id for due in leased],
            [due.fence for due in leased],
        )

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """See `Ledger`."""
        await self._statements.fetch(_EXPEDITE, endpoint_id, int(beyond_s * 1_000_000))

    async def next_due_in_s(self) -> float | None:
        """See `Ledger`."""
        (row,) = await self._statements.fetch(_NEXT_DUE)
        return None if row[0] is None else row[0] / 1_000_000

    async def pending_total(self) -> int:
        """See `Ledger`."""
        (row,) = await self._statements.fetch(_TOTAL)
        return int(row[0])


async def write_records(
    connection: asyncpg.Connection, records: Sequence[Record]
) -> frozenset[DeliveryKey]:
    """Write all of it; the leased deliveries whose fence held. One statement, that commits with
    the connection's transaction if it has one."""
    attempts: list[AttemptRow] = []
    pending: list[PendingRow] = []
    leased: list[LeasedOutcome] = []
    cancelled: list[CancelledRow] = []
    events: list[EventRow] = []
    for record in records:
        attempts.extend(record.attempts)
        pending.extend(record.pending)
        leased.extend(record.leased)
        cancelled.extend(record.cancelled)
        events.extend(record.events)
    if not (pending or leased or cancelled or events):
        await _append(connection, attempts)
        return frozenset()
    free = len(attempts)
    attempts.extend(outcome.attempt for outcome in leased if outcome.attempt is not None)
    free_cancelled = len(cancelled)
    cancelled.extend(outcome.cancelled for outcome in leased if outcome.cancelled is not None)
    told: list[tuple[object, ...]] = [(*event, None, None) for event in events]
    told.extend(
        (*outcome.event, outcome.message_id, outcome.endpoint_id)
        for outcome in leased
        if outcome.event is not None
    )
    rows = await connection.fetch(
        _RECORD,
        *columns_of_rows(attempts, len(AttemptRow._fields)),
        [False] * free + [True] * (len(attempts) - free),
        *columns_of_rows([(*outcome[:5], outcome.lane) for outcome in leased], 6),
        *columns_of_rows(pending, len(PendingRow._fields)),
        *columns_of_rows(cancelled, len(CancelledRow._fields)),
        [False] * free_cancelled + [True] * (len(cancelled) - free_cancelled),
        *columns_of_rows(told, len(EventRow._fields) + 2),
    )
    return frozenset((row[0], row[1]) for row in rows)


async def _append(connection: asyncpg.Connection, attempts: Sequence[AttemptRow]) -> None:
    """Nothing is pending, so no row has a next attempt, and all of them go in as they are.

    COPY takes half the time that the insertion of arrays does, here and in the server; but it
    knows no conflicts: a record whose commit was not confirmed is written again by insertion.
    """
    try:
        await connection.copy_records_to_table("attempt", records=attempts, columns=_COPIED)
    except asyncpg.UniqueViolationError:
        await connection.execute(_APPEND, *columns_of_rows(attempts, len(AttemptRow._fields)))
