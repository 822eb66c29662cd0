"""Reading single deliveries: those of a message, and those of some messages for an endpoint.

Every read is bounded and uses an index. Pending deliveries are read first: one that ends between
two reads is then seen by its outcome, where the other order would miss it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.deliveries import (
    Deliveries,
    Delivery,
    DeliveryStatus,
    FindDeliveries,
    ListMessageDeliveries,
)
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .delivery_rows import is_held
from .storage_errors import storage_errors
from .tables import attempt, cancelled_delivery, pending_delivery

LIMIT_MAX = 250
ATTEMPTS_READ_MAX = 100_000
_pending, _cancelled = pending_delivery.c, cancelled_delivery.c


class _Rows(NamedTuple):
    """Rows by endpoint or by message. `tried`: the latest attempt of each delivery, and whether
    any succeeded."""

    pending: dict[bytes, Any]
    cancelled: dict[bytes, Any]
    tried: dict[bytes, Any]

    def keys(self) -> set[bytes]:
        return self.pending.keys() | self.cancelled.keys() | self.tried.keys()


class _Reach(NamedTuple):
    """Which deliveries to read: the column that tells them apart, the conditions by table, and
    how many of them at most."""

    key: str
    pending: ColumnElement[bool]
    cancelled: ColumnElement[bool]
    tried: ColumnElement[bool]
    rows_max: int
    backwards: bool = False


class DeliveryPages:
    """Answers `ListMessageDeliveries` and `FindDeliveries`. Raises `StorageDown`.

    `lease_s` is the longest that a worker holds a delivery. Of a message's attempts (for one
    endpoint, or those that a page may need) the latest 100,000 are looked at.
    """

    def __init__(self, database: Database, *, lease_s: float) -> None:
        self._reading = database.reading
        self._now = clock_us(on_postgres=database.on_postgres)
        self._held = is_held(self._now, lease_s)

    async def of_message(self, question: ListMessageDeliveries) -> Deliveries:
        """See `ListMessageDeliveries`."""
        limit = max(1, min(question.limit, LIMIT_MAX))
        of_pending, of_cancelled, of_tried = (
            and_(row.message_id == question.message_id, _beyond(row.endpoint_id, question))
            for row in (_pending, _cancelled, attempt.c)
        )
        rows = await self._read(
            _Reach("endpoint_id", of_pending, of_cancelled, of_tried, limit + 1, question.backwards)
        )
        # Each read reaches at least as far as the page that is cut from them.
        ids = sorted(rows.keys(), reverse=question.backwards)
        items = [_delivery(question.message_id, each, each, rows) for each in sorted(ids[:limit])]
        return Deliveries(items=tuple(items), done=len(ids) <= limit)

    async def of_endpoint(self, question: FindDeliveries) -> Deliveries:
        """See `FindDeliveries`. Each message is looked up by its key."""
        of_pending, of_cancelled, of_tried = (
            and_(row.message_id.in_(question.message_ids), row.endpoint_id == question.endpoint_id)
            for row in (_pending, _cancelled, attempt.c)
        )
        rows = await self._read(
            _Reach("message_id", of_pending, of_cancelled, of_tried, len(question.message_ids))
        )
        items = [_delivery(each, question.endpoint_id, each, rows) for each in sorted(rows.keys())]
        return Deliveries(items=tuple(items))

    async def _read(self, reach: _Reach) -> _Rows:
        def page(query: Select[Any], key: ColumnElement[bytes]) -> Select[Any]:
            return query.order_by(key.desc() if reach.backwards else key).limit(reach.rows_max)

        pending_key, cancelled_key = _pending[reach.key], _cancelled[reach.key]
        pending = select(
            pending_key,
            _pending.due_at,
            _pending.cancelled,
            _pending.attempts_made,
            self._held.label("held"),
            (_pending.due_at > self._now).label("later"),
        ).where(reach.pending)
        cancelled = select(cancelled_key, _cancelled.reason).where(reach.cancelled)
        tried = _latest_attempts(reach)
        with storage_errors():
            async with self._reading.connect() as connection:
                return _Rows(
                    await _by_key(connection, page(pending, pending_key)),
                    await _by_key(connection, page(cancelled, cancelled_key)),
                    await _by_key(connection, page(tried, tried.selected_columns[0])),
                )


def _beyond(column: ColumnElement[bytes], question: ListMessageDeliveries) -> ColumnElement[bool]:
    past = question.past
    if question.backwards:
        return column < (b"\xff" * 17 if past is None else past)
    return column > (b"" if past is None else past)


def _latest_attempts(reach: _Reach) -> Select[Any]:
    """The latest attempt of each delivery, its key first."""
    row = attempt.c
    read = (
        select(row[reach.key].label("key"), row.id, row.status, row.url, row.next_attempt_at)
        .where(reach.tried)
        .order_by(row.id.desc())
        .limit(ATTEMPTS_READ_MAX)
        .subquery()
    ).c
    succeeded = case((read.status == int(AttemptStatus.SUCCESS), 1), else_=0)
    ranked = select(
        read.key,
        read.url,
        read.next_attempt_at,
        func.max(succeeded).over(partition_by=read.key).label("succeeded"),
        func.row_number().over(partition_by=read.key, order_by=read.id.desc()).label("place"),
    ).subquery()
    return select(*[column for column in ranked.c if column.key != "place"]).where(
        ranked.c.place == 1
    )


async def _by_key(connection: AsyncConnection, query: Select[Any]) -> dict[bytes, Any]:
    rows: Sequence[Any] = (await connection.execute(query)).all()
    return {row[0]: row for row in rows}


def _delivery(message_id: bytes, endpoint_id: bytes, key: bytes, rows: _Rows) -> Delivery:
    pending, tried = rows.pending.get(key), rows.tried.get(key)
    status, next_attempt_at, reason = _status(pending, rows.cancelled.get(key), tried)
    return Delivery(
        message_id=message_id,
        endpoint_id=endpoint_id,
        status=status,
        next_attempt_at=next_attempt_at,
        canceled_reason=reason,
        url=None if tried is None else tried.url,
    )


def _status(
    pending: Any, cancelled: Any, tried: Any
) -> tuple[DeliveryStatus, datetime | None, str | None]:
    """A delivery's status, next attempt, and reason of cancellation; one of the rows is given."""
    if pending is not None:
        reason = pending.cancelled
        if pending.held:
            return DeliveryStatus.SENDING, None, reason
        if reason is None:
            at = from_micros(pending.due_at) if pending.later else None
            tries = DeliveryStatus.SENDING if pending.attempts_made else DeliveryStatus.PENDING
            return tries, at, None
    else:
        reason = None if cancelled is None else cancelled.reason
    if tried is not None and tried.succeeded:
        return DeliveryStatus.SUCCESS, None, reason
    if reason is not None:
        return DeliveryStatus.CANCELED, None, reason
    if tried.next_attempt_at is not None:  # its pending row was written after it was looked for
        return DeliveryStatus.SENDING, from_micros(tried.next_attempt_at), None
    return DeliveryStatus.FAIL, None, None
