"""Manual changes of deliveries on SQLite: one transaction for each call."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptTrigger
from sqlalchemy import BigInteger, and_, bindparam, case, delete, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.delivery_rows import (
    CANCELLED_COLUMNS,
    RESENT_COLUMNS,
    resent_values,
)
from angarium_worker.adapters.database.storage_errors import storage_errors
from angarium_worker.adapters.database.tables import attempt, cancelled_delivery, pending_delivery
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.domain.delivery import Delivery, DeliveryKey

from .lane_arrivals import Arrival, arrive, call

_NOW = clock_us(on_postgres=False)
_AT = bindparam("at_us", type_=BigInteger)
_row = pending_delivery.c
_KEY = tuple_(_row.message_id, _row.endpoint_id)
_HELD = and_(_row.fence % 2 == 1, _row.due_at > _AT, _row.due_at <= bindparam("lease_until"))
_INSERT = insert(pending_delivery).values(
    {name: bindparam(name) for name in RESENT_COLUMNS}
    # The fence begins at the clock, so that those of a row that ended before never come again,
    # and even, as nobody holds the row.
    | {
        "attempts_made": 0,
        "trigger": int(AttemptTrigger.MANUAL),
        "fence": bindparam("even"),
        "due_at": _AT,
    }
)
_RESEND = _INSERT.on_conflict_do_update(
    index_elements=[_row.message_id, _row.endpoint_id],
    set_={
        "cancelled": None,
        "by_hand": False,
        # Of a cancelled delivery the payload may have been deleted.
        "payload": case((_row.cancelled.is_(None), _row.payload), else_=_INSERT.excluded.payload),
        "content_type": case(
            (_row.cancelled.is_(None), _row.content_type), else_=_INSERT.excluded.content_type
        ),
        # Its holder's attempt may have reached the receiver before: it is due again after that.
        "resent_while_held": _HELD,
        "due_at": case((_HELD, _row.due_at), else_=_AT),
    },
)
_FORGET = delete(cancelled_delivery).where(
    cancelled_delivery.c.message_id == bindparam("message_id"),
    cancelled_delivery.c.endpoint_id == bindparam("endpoint_id"),
)


class SqliteManualLedger:
    """Implements `ManualLedger`. `lease_s` is the longest that a worker holds a delivery."""

    def __init__(self, database: Database, *, lease_s: float) -> None:
        self._engine = database.engine
        self._lease_us = int(lease_s * 1_000_000)

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        """See `ManualLedger`."""
        wanted = {(row.message_id, row.endpoint_id): row for row in rows}
        with storage_errors():
            async with self._engine.begin() as connection:
                if only_missing:
                    for key in await _known(connection, list(wanted)):
                        del wanted[key]
                if not wanted:
                    return 0
                now = (await connection.execute(select(_NOW))).scalar_one()
                times = {"at_us": now, "even": now & ~1, "lease_until": now + self._lease_us}
                keys = [{"message_id": key[0], "endpoint_id": key[1]} for key in wanted]
                await connection.execute(_FORGET, keys)
                values = [_values(row) | times for row in wanted.values()]
                await connection.execute(_RESEND, values)
                await arrive(connection, await _in_lanes(connection, list(wanted)), now)
        return len(wanted)

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        """See `ManualLedger`."""
        lease_us = int(lease_s * 1_000_000)
        with storage_errors():
            async with self._engine.begin() as connection:
                now = (await connection.execute(select(_NOW))).scalar_one()
                query = _pending_of(message_id, endpoint_id, now, now + lease_us)
                rows = (await connection.execute(query.limit(rows_max))).all()
                maybe_held = [row for row in rows if now < row.due_at <= now + lease_us]
                await connection.execute(
                    update(pending_delivery)
                    .where(_KEY.in_([row[:2] for row in maybe_held]))
                    .values(cancelled=reason, by_hand=by_hand, resent_while_held=False)
                )
                free = [row for row in rows if not now < row.due_at <= now + lease_us]
                await _end(connection, free, {"reason": reason, "by_hand": by_hand}, now)
        return CancelCount(ended=len(free), marked=len(maybe_held))


def _values(row: Delivery) -> dict[str, Any]:
    return dict(zip(RESENT_COLUMNS, resent_values(row), strict=True))


async def _known(connection: AsyncConnection, keys: Sequence[DeliveryKey]) -> set[DeliveryKey]:
    """Those that have an attempt, are pending, or were cancelled manually."""
    found: set[DeliveryKey] = set()
    for table in (attempt, pending_delivery, cancelled_delivery):
        query = select(table.c.message_id, table.c.endpoint_id).where(
            tuple_(table.c.message_id, table.c.endpoint_id).in_(keys)
        )
        if table is cancelled_delivery:
            query = query.where(table.c.by_hand)
        found.update((row[0], row[1]) for row in (await connection.execute(query)).all())
    return found


async def _in_lanes(connection: AsyncConnection, keys: Sequence[DeliveryKey]) -> list[Arrival]:
    columns = [_row[name] for name in Arrival._fields]
    query = select(*columns).where(_KEY.in_(keys), _row.lane.is_not(None))
    return [Arrival(*row) for row in (await connection.execute(query)).all()]


def _pending_of(
    message_id: bytes | None, endpoint_id: bytes | None, now: int, lease_until: int
) -> Any:
    """Deliveries already marked are skipped until nobody can hold them."""
    query = select(
        *[_row[name] for name in CANCELLED_COLUMNS if name != "reason"], _row.lane, _row.due_at
    ).where(or_(_row.cancelled.is_(None), _row.due_at <= now, _row.due_at > lease_until))
    if message_id is not None:
        query = query.where(_row.message_id == message_id)
    if endpoint_id is not None:
        query = query.where(_row.endpoint_id == endpoint_id)
    if message_id is None and endpoint_id is None:
        query = query.where(_row.message_id.is_(None))
    return query


async def _end(
    connection: AsyncConnection, rows: Sequence[Any], why: dict[str, Any], now: int
) -> None:
    if not rows:
        return
    await connection.execute(delete(pending_delivery).where(_KEY.in_([row[:2] for row in rows])))
    statement = insert(cancelled_delivery)
    # A copy of a delivery that was cancelled before is counted at the time of the first.
    kept = ("reason", "by_hand")
    cancelled = [
        {name: getattr(row, name) for name in CANCELLED_COLUMNS if name != "reason"}
        | why
        | {"cancelled_at": now}
        for row in rows
    ]
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[cancelled_delivery.c.message_id, cancelled_delivery.c.endpoint_id],
            set_={name: statement.excluded[name] for name in kept},
        ),
        cancelled,
    )
    await call(connection, {row.endpoint_id for row in rows if row.lane is not None}, now)
