"""The ledger on SQLite: one transaction for each call that writes."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from sqlalchemy import (
    BigInteger,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.application.records import (
    AttemptRow,
    CancelledRow,
    DeliveryKey,
    DueDelivery,
    LeasedOutcome,
    PendingRow,
    Record,
)

from .storage_errors import storage_errors
from .tables import attempt, cancelled_delivery, pending_delivery

_NOW = clock_us(on_postgres=False)
_AT = bindparam("at_us", type_=BigInteger)
"""The clock as a transaction of several statements read it once."""
_HELD = (
    (pending_delivery.c.message_id == bindparam("key_message"))
    & (pending_delivery.c.endpoint_id == bindparam("key_endpoint"))
    & (pending_delivery.c.fence == bindparam("key_fence"))
)
_ATTEMPT_COLUMNS = (*AttemptRow._fields[:16], "ended_at")
_PENDING_COLUMNS = PendingRow._fields[:-1]
_APPEND = (
    insert(attempt)
    .values(
        {name: bindparam(name) for name in _ATTEMPT_COLUMNS}
        | {"next_attempt_at": _AT + bindparam("retry_in")}
    )
    .on_conflict_do_nothing()
)
_ADD = (
    insert(pending_delivery)
    .values(
        {name: bindparam(name) for name in _PENDING_COLUMNS} | {"due_at": _AT + bindparam("due_in")}
    )
    .on_conflict_do_nothing()
)
_CANCEL = (
    insert(cancelled_delivery)
    .values({name: bindparam(name) for name in CancelledRow._fields} | {"cancelled_at": _NOW})
    .on_conflict_do_nothing()
)
_END = delete(pending_delivery).where(_HELD)
_MOVE = (
    update(pending_delivery)
    .where(_HELD)
    .values(
        due_at=_AT + bindparam("due_in"),
        attempts_made=bindparam("made"),
        fence=pending_delivery.c.fence + 1,
    )
)
_RELEASE = (
    update(pending_delivery).where(_HELD).values(due_at=_NOW, fence=pending_delivery.c.fence + 1)
)
_EXPEDITE = (
    update(pending_delivery)
    .where(
        pending_delivery.c.endpoint_id == bindparam("of_endpoint"),
        pending_delivery.c.due_at > _NOW + bindparam("beyond", type_=BigInteger),
    )
    .values(due_at=_NOW)
)
_NEXT_DUE = select(func.min(pending_delivery.c.due_at) - _NOW)
_TOTAL = select(func.count()).select_from(pending_delivery)


class SqliteLedger:
    """Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(read_only=True)

    async def close(self) -> None:
        """Nothing is kept."""

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """See `Ledger`."""
        attempts = [_attempt_values(row) for record in records for row in record.attempts]
        pending = [_pending_values(row) for record in records for row in record.pending]
        cancelled = [row._asdict() for record in records for row in record.cancelled]
        held: set[DeliveryKey] = set()
        with storage_errors():
            async with self._engine.begin() as connection:
                at = {"at_us": await connection.scalar(select(_NOW))}
                for record in records:
                    for outcome in record.leased:
                        if await _settle(connection, outcome, at):
                            held.add((outcome.message_id, outcome.endpoint_id))
                            if outcome.attempt is not None:
                                attempts.append(_attempt_values(outcome.attempt))
                            if outcome.cancelled is not None:
                                cancelled.append(outcome.cancelled._asdict())
                if attempts:
                    await connection.execute(_APPEND, [row | at for row in attempts])
                if pending:
                    await connection.execute(_ADD, [row | at for row in pending])
                if cancelled:
                    await connection.execute(_CANCEL, cancelled)
        return frozenset(held)

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        """See `Ledger`."""
        found = [
            select(table.c.message_id, table.c.endpoint_id).where(
                tuple_(table.c.message_id, table.c.endpoint_id).in_(keys)
            )
            for table in (attempt, pending_delivery, cancelled_delivery)
        ]
        with storage_errors():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(union(*found))).all()
        return frozenset((row[0], row[1]) for row in rows)

    async def lease_due(
        self, *, rows_max: int, bytes_max: int, lease_s: float
    ) -> list[DueDelivery]:
        """See `Ledger`."""
        row = pending_delivery.c
        size = func.length(row.payload)
        due = (
            select(row.message_id, row.endpoint_id, row.due_at, size.label("size"))
            .where(row.due_at <= _NOW)
            .order_by(row.due_at)
            .limit(rows_max)
            .subquery()
        )
        order = (due.c.due_at, due.c.message_id, due.c.endpoint_id)
        summed = select(due, func.sum(due.c.size).over(order_by=order).label("total")).subquery()
        chosen = select(summed.c.message_id, summed.c.endpoint_id).where(
            summed.c.total - summed.c.size < bytes_max
        )
        lease = (
            update(pending_delivery)
            .where(tuple_(row.message_id, row.endpoint_id).in_(chosen))
            .values(due_at=_NOW + int(lease_s * 1_000_000), fence=row.fence + 1)
            .returning(
                row.message_id,
                row.endpoint_id,
                row.application_id,
                row.tenant_id,
                row.event_type,
                row.payload,
                row.endpoint_version,
                row.attempts_made,
                row.channels,
                row.trace,
                row.fence,
            )
        )
        with storage_errors():
            async with self._engine.begin() as connection:
                return [DueDelivery(*each) for each in (await connection.execute(lease)).all()]

    async def release(self, leased: Sequence[DueDelivery]) -> None:
        """See `Ledger`."""
        keys = [_key_values(due.id, due.endpoint_id, due.fence) for due in leased]
        if not keys:
            return
        with storage_errors():
            async with self._engine.begin() as connection:
                await connection.execute(_RELEASE, keys)

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """See `Ledger`."""
        values = {"of_endpoint": endpoint_id, "beyond": int(beyond_s * 1_000_000)}
        with storage_errors():
            async with self._engine.begin() as connection:
                await connection.execute(_EXPEDITE, values)

    async def next_due_in_s(self) -> float | None:
        """See `Ledger`."""
        due_in_us = await self._scalar(_NEXT_DUE)
        return None if due_in_us is None else due_in_us / 1_000_000

    async def pending_total(self) -> int:
        """See `Ledger`."""
        return int(await self._scalar(_TOTAL))

    async def _scalar(self, query: Any) -> Any:
        with storage_errors():
            async with self._reading.connect() as connection:
                return (await connection.execute(query)).scalar()


async def _settle(
    connection: AsyncConnection, outcome: LeasedOutcome, at: dict[str, int | None]
) -> bool:
    values = _key_values(outcome.message_id, outcome.endpoint_id, outcome.fence)
    if outcome.due_in_us is None:
        result = await connection.execute(_END, values)
    else:
        result = await connection.execute(
            _MOVE, values | at | {"due_in": outcome.due_in_us, "made": outcome.attempts_made}
        )
    return result.rowcount == 1


def _key_values(message_id: bytes, endpoint_id: bytes, fence: int) -> dict[str, Any]:
    return {"key_message": message_id, "key_endpoint": endpoint_id, "key_fence": fence}


def _attempt_values(row: AttemptRow) -> dict[str, Any]:
    return dict(zip((*_ATTEMPT_COLUMNS, "retry_in"), row, strict=True))


def _pending_values(row: PendingRow) -> dict[str, Any]:
    return dict(zip((*_PENDING_COLUMNS, "due_in"), row, strict=True))
