"""The ledger on SQLite: one transaction for each call that writes."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from sqlalchemy import BigInteger, bindparam, func, select, tuple_, union, update

from angarium_worker.adapters.database.delivery_rows import HELD_COLUMNS, delivery_of
from angarium_worker.adapters.database.polled_records import polled_attempts
from angarium_worker.adapters.database.storage_errors import storage_errors
from angarium_worker.adapters.database.tables import attempt, cancelled_delivery, pending_delivery
from angarium_worker.application.ledger.records import Record
from angarium_worker.domain.delivery import Delivery, DeliveryKey

from .lane_arrivals import call
from .poll_order import order_records
from .records import HELD, key_values, write_records

_NOW = clock_us(on_postgres=False)
_AT = bindparam("at_us", type_=BigInteger)
"""The clock as a transaction of several statements read it once."""
_RELEASE = (
    update(pending_delivery)
    .where(HELD)
    .values(due_at=_AT, resent_while_held=False, fence=pending_delivery.c.fence + 1)
    .returning(pending_delivery.c.endpoint_id, pending_delivery.c.lane)
)
_EXPEDITE = (
    update(pending_delivery)
    .where(
        pending_delivery.c.endpoint_id == bindparam("of_endpoint"),
        pending_delivery.c.due_at > _AT + bindparam("beyond", type_=BigInteger),
    )
    .values(due_at=_AT)
    .returning(pending_delivery.c.lane)
)
_NEXT_DUE = select(func.min(pending_delivery.c.due_at) - _NOW).where(
    pending_delivery.c.lane.is_(None)
)
DUE_COLUMNS = [pending_delivery.c[name] for name in HELD_COLUMNS]


class SqliteLedger:
    """Implements `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.engine.execution_options(read_only=True)

    async def close(self) -> None:
        """Nothing is kept."""

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """See `Ledger`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                polled = polled_attempts(records)
                if polled:
                    records = await order_records(connection, records, polled)
                return await write_records(connection, records)

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

    async def lease_due(self, *, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        """See `Ledger`."""
        row = pending_delivery.c
        size = func.length(row.payload)
        due = (
            select(row.message_id, row.endpoint_id, row.due_at, size.label("size"))
            .where(row.lane.is_(None), row.due_at <= _NOW)
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
            .returning(*DUE_COLUMNS)
        )
        with storage_errors():
            async with self._engine.begin() as connection:
                return [delivery_of(each) for each in (await connection.execute(lease)).all()]

    async def release(self, leased: Sequence[Delivery]) -> None:
        """See `Ledger`."""
        with storage_errors():
            async with self._engine.begin() as connection:
                at_us = (await connection.execute(select(_NOW))).scalar_one()
                in_lanes = set()
                for due in leased:
                    values = key_values(due) | {"at_us": at_us}
                    row = (await connection.execute(_RELEASE, values)).one_or_none()
                    if row is not None and row.lane is not None:
                        in_lanes.add(row.endpoint_id)
                await call(connection, in_lanes, at_us)

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """See `Ledger`."""
        values = {"of_endpoint": endpoint_id, "beyond": int(beyond_s * 1_000_000)}
        with storage_errors():
            async with self._engine.begin() as connection:
                at_us = (await connection.execute(select(_NOW))).scalar_one()
                rows = (await connection.execute(_EXPEDITE, values | {"at_us": at_us})).all()
                if any(row.lane is not None for row in rows):
                    await call(connection, [endpoint_id], at_us)

    async def next_due_in_s(self) -> float | None:
        """See `Ledger`."""
        due_in_us = await self._scalar(_NEXT_DUE)
        return None if due_in_us is None else due_in_us / 1_000_000

    async def _scalar(self, query: Any) -> Any:
        with storage_errors():
            async with self._reading.connect() as connection:
                return (await connection.execute(query)).scalar()
