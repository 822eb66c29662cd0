"""Writing records on SQLite, within one transaction."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.delivery_rows import (
    ATTEMPT_COLUMNS,
    CANCELLED_COLUMNS,
    PENDING_COLUMNS,
    attempt_values,
    cancelled_values,
    pending_values,
)
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    operational_event,
    pending_delivery,
)
from angarium_worker.application.ledger.records import (
    AttemptRow,
    EventRow,
    Record,
    Settled,
)
from angarium_worker.domain.delivery import Delivery, DeliveryKey, DeliveryState

from .lane_arrivals import Arrival, arrive

KEYS_MAX = 500
"""SQLite bounds the parameters of a statement."""

_NOW = clock_us(on_postgres=False)
_AT = bindparam("at_us", type_=BigInteger)
"""The clock as a transaction of several statements read it once."""
_row = pending_delivery.c
HELD = (
    (_row.message_id == bindparam("key_message"))
    & (_row.endpoint_id == bindparam("key_endpoint"))
    & (_row.fence == bindparam("key_fence"))
)
_EVENT_COLUMNS = (*EventRow._fields[:-1], "attempted_at")
_APPEND = (
    insert(attempt)
    .values(
        {name: bindparam(name) for name in ATTEMPT_COLUMNS}
        | {"next_attempt_at": _AT + bindparam("retry_in")}
    )
    .on_conflict_do_nothing()
)
_GONE_ON = exists().where(
    attempt.c.message_id == bindparam("message_id", type_=LargeBinary),
    attempt.c.endpoint_id == bindparam("endpoint_id", type_=LargeBinary),
    or_(
        attempt.c.number > bindparam("attempts_made", type_=Integer),
        attempt.c.status == int(AttemptStatus.SUCCESS),
    ),
)
"""The delivery went on from there: the same record is written again, or by a worker that was
held up while another took over."""
_ADD = (
    insert(pending_delivery)
    .from_select(
        [*PENDING_COLUMNS, "due_at"],
        select(
            *[bindparam(name, type_=pending_delivery.c[name].type) for name in PENDING_COLUMNS],
            _AT + bindparam("due_in", type_=BigInteger),
        ).where(~_GONE_ON),
    )
    .on_conflict_do_nothing()
)
_CANCEL = (
    insert(cancelled_delivery)
    .values(
        {name: bindparam(name) for name in (*CANCELLED_COLUMNS, "by_hand")} | {"cancelled_at": _AT}
    )
    .on_conflict_do_nothing()
)
_TELL = insert(operational_event).on_conflict_do_nothing()
_ARRIVAL = [_row[name] for name in Arrival._fields]
_WENT_ON = [*_ARRIVAL, _row.lane, null().label("by_hand")]
_END = (
    delete(pending_delivery)
    .where(HELD, ~_row.resent_while_held)
    .returning(*_ARRIVAL, null().label("lane"), _row.by_hand)
)
_BEGIN_ANEW = (
    update(pending_delivery)
    .where(HELD)
    .values(
        due_at=_AT,
        attempts_made=0,
        trigger=int(AttemptTrigger.MANUAL),
        resent_while_held=False,
        fence=_row.fence + 1,
    )
    .returning(*_WENT_ON)
)
"""Instead of `_END`, for what was resent while it was held."""
_MOVE = (
    update(pending_delivery)
    .where(HELD)
    .values(
        due_at=case(
            (and_(_row.cancelled.is_(None), ~_row.resent_while_held), _AT + bindparam("due_in")),
            else_=_AT,
        ),
        attempts_made=bindparam("made"),
        lane=bindparam("into_lane"),
        resent_while_held=False,
        fence=_row.fence + 1,
    )
    .returning(*_WENT_ON)
)


async def write_records(
    connection: AsyncConnection, records: Sequence[Record]
) -> frozenset[DeliveryKey]:
    """Write all of it; the leased deliveries whose fence held."""
    attempts = [_attempt_values(row) for record in records for row in record.attempts]
    pending = [row for record in records for row in record.pending]
    cancelled = [_cancelled_values(row, False) for record in records for row in record.cancelled]
    events = [row for record in records for row in record.events]
    at_us = int((await connection.execute(select(_NOW))).scalar_one())
    held: set[DeliveryKey] = set()
    arrivals: list[Arrival] = []
    for settled in [settled for record in records for settled in record.leased]:
        row = await _settle(connection, settled, at_us)
        if row is None:
            continue
        held.add(settled.delivery.key)
        if row.lane is not None:
            arrivals.append(Arrival(*row[: len(Arrival._fields)]))
        if settled.state is DeliveryState.CANCELLED and row.by_hand is not None:
            cancelled.append(_cancelled_values(settled.delivery, bool(row.by_hand)))
        if settled.attempt is not None:
            attempts.append(_attempt_values(settled.attempt))
        if settled.event is not None:
            events.append(settled.event)
    at = {"at_us": at_us}
    arrivals += await _new_in_lanes(connection, pending, at_us)
    for statement, rows in (
        (_APPEND, [row | at for row in attempts]),
        (_ADD, [_pending_values(row) | at for row in pending]),
        (_CANCEL, [row | at for row in cancelled]),
        (_TELL, [_event_values(row) for row in events]),
    ):
        if rows:
            await connection.execute(statement, rows)
    await arrive(connection, arrivals, at_us)
    return frozenset(held)


async def _settle(connection: AsyncConnection, settled: Settled, at_us: int) -> Any:
    """The row as it was, with `by_hand`, or as it is now, with `lane`; None where the fence did not
    hold."""
    row = settled.delivery
    values = key_values(row)
    if settled.ends:
        ended = (await connection.execute(_END, values)).one_or_none()
        if ended is not None:
            return ended
        return (await connection.execute(_BEGIN_ANEW, values | {"at_us": at_us})).one_or_none()
    values |= {"at_us": at_us}
    values |= {"due_in": row.due_in_us, "made": row.attempts_made, "into_lane": row.lane}
    return (await connection.execute(_MOVE, values)).one_or_none()


async def _new_in_lanes(
    connection: AsyncConnection, pending: Sequence[Delivery], at_us: int
) -> list[Arrival]:
    """Those of the rows that stand in a lane and are not there yet."""
    in_lanes = {row.key: row for row in pending if row.lane is not None}
    keys = list(in_lanes)
    for start in range(0, len(keys), KEYS_MAX):
        for known in (await connection.execute(_among(keys[start : start + KEYS_MAX]))).all():
            in_lanes.pop((known[0], known[1]), None)
    return [
        Arrival(
            row.endpoint_id,
            row.application_id,
            row.tenant_id,
            row.weight,
            at_us + row.due_in_us,
        )
        for row in in_lanes.values()
    ]


def _among(keys: Sequence[DeliveryKey]) -> Select[Any]:
    key = tuple_(_row.message_id, _row.endpoint_id)
    return select(_row.message_id, _row.endpoint_id).where(key.in_(keys))


def key_values(held: Delivery) -> dict[str, Any]:
    """The parameters of `HELD`."""
    return {
        "key_message": held.message_id,
        "key_endpoint": held.endpoint_id,
        "key_fence": held.fence,
    }


def _attempt_values(row: AttemptRow) -> dict[str, Any]:
    return dict(zip((*ATTEMPT_COLUMNS, "retry_in"), attempt_values(row), strict=True))


def _pending_values(row: Delivery) -> dict[str, Any]:
    return dict(zip((*PENDING_COLUMNS, "due_in"), pending_values(row), strict=True))


def _cancelled_values(row: Delivery, by_hand: bool) -> dict[str, Any]:
    values = dict(zip(CANCELLED_COLUMNS, cancelled_values(row), strict=True))
    return values | {"by_hand": by_hand}


def _event_values(row: EventRow) -> dict[str, Any]:
    return dict(zip(_EVENT_COLUMNS, row, strict=True))
