"""Counts and delivery state of an endpoint. Every read is bounded and uses an index.

A pending delivery is held by a worker while its fence is odd and it is due within a lease: a
lease and its end each count the fence up by one. A lease that ran out without an end shifts that
by one, so the count of those being sent is close, not exact.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.deliveries import (
    EndpointDeliveryState,
    EndpointStats,
    GetEndpointDeliveryState,
    GetEndpointStats,
)
from sqlalchemy import ColumnElement, ScalarSelect, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .attempt_bounds import first_attempt_id
from .delivery_rows import is_held
from .endpoint_messages import accepted_between
from .storage_errors import storage_errors
from .tables import (
    attempt,
    cancelled_delivery,
    endpoint_copy,
    endpoint_health,
    lane,
    pending_delivery,
)

COUNTED_MAX = 10_000
ATTEMPTS_COUNTED_MAX = 500_000
PENDING_COUNTED_MAX = 100_000
DELIVERING, WAITING, OPEN = "delivering", "waiting", "open"
_SUCCESS = int(AttemptStatus.SUCCESS)
_pending = pending_delivery.c


class EndpointStatsReader:
    """Answers `GetEndpointStats` and `GetEndpointDeliveryState`. Raises `StorageDown`.

    `lease_s` is the longest that a worker holds a delivery. `concurrency_limit_of` gives how
    many requests this process sends an endpoint at once at most; None: it does not know it.
    """

    def __init__(
        self,
        database: Database,
        *,
        lease_s: float,
        concurrency_limit_of: Callable[[bytes], int | None],
    ) -> None:
        self._reading = database.reading
        self._concurrency_limit_of = concurrency_limit_of
        self._now = clock_us(on_postgres=database.on_postgres)
        self._held = is_held(self._now, lease_s)

    async def stats(self, question: GetEndpointStats) -> EndpointStats:
        """See `GetEndpointStats`. What is counted are the endpoint's latest 500,000 attempts,
        100,000 pending and 500,000 cancelled deliveries at most. A delivery that was sent again
        after its success counts as that, and by its new state until it ends."""
        endpoint_id = question.endpoint_id
        first, end = accepted_between(question.since, question.until)
        with storage_errors():
            async with self._reading.connect() as connection:
                ended = (await connection.execute(_ended(endpoint_id, first, end))).one()
                waiting = (await connection.execute(self._waiting(endpoint_id, first, end))).one()
                canceled = await connection.scalar(select(_canceled(endpoint_id, first, end)))
        sending = waiting.sending or 0
        return EndpointStats(
            success=ended.success or 0,
            pending=waiting.total - sending,
            sending=sending,
            fail=ended.fail or 0,
            canceled=canceled or 0,
        )

    def _waiting(self, endpoint_id: bytes, first: bytes, end: bytes) -> Any:
        rows = (
            select(case((or_(self._held, _pending.attempts_made > 0), 1), else_=0).label("sending"))
            .where(
                _pending.endpoint_id == endpoint_id,
                _pending.message_id >= first,
                _pending.message_id < end,
            )
            .limit(PENDING_COUNTED_MAX)
            .subquery()
        )
        return select(func.count().label("total"), func.sum(rows.c.sending).label("sending"))

    async def state(self, question: GetEndpointDeliveryState) -> EndpointDeliveryState:
        """See `GetEndpointDeliveryState`. What is in the lane and due is parked; what is due
        later, and not held by a worker, is scheduled."""
        endpoint_id = question.endpoint_id
        parked = _counted(
            _pending.endpoint_id == endpoint_id,
            _pending.lane.is_not(None),
            _pending.due_at <= self._now,
        )
        scheduled = _counted(
            _pending.endpoint_id == endpoint_id, _pending.due_at > self._now, ~self._held
        )
        waits = and_(lane.c.due_at > self._now, lane.c.held_until.is_(None)).label("waits")
        turn = select(lane.c.state, lane.c.due_at, waits).where(lane.c.endpoint_id == endpoint_id)
        with storage_errors():
            async with self._reading.connect() as connection:
                counts = (await connection.execute(select(parked, scheduled))).one()
                row = (await connection.execute(turn)).one_or_none()
                failing_since = await _failing_since(connection, endpoint_id)
        state, open_until = DELIVERING, None
        if row is not None and (row.state != WAITING or counts[0]):
            state = row.state
            if state == OPEN and row.waits:
                open_until = from_micros(row.due_at)
        return EndpointDeliveryState(
            state=state,
            parked=counts[0],
            scheduled=counts[1],
            concurrency_limit=self._concurrency_limit_of(endpoint_id),
            open_until=open_until,
            failing_since=failing_since,
        )


def _ended(endpoint_id: bytes, first: bytes, end: bytes) -> Any:
    row = attempt.c
    succeeded = row.status == _SUCCESS
    attempts = (
        select(
            row.message_id,
            case((succeeded, 1), else_=0).label("succeeded"),
            case((and_(~succeeded, row.next_attempt_at.is_(None)), 1), else_=0).label("given_up"),
        )
        .where(
            row.endpoint_id == endpoint_id,
            row.id >= first_attempt_id([first]),
            row.message_id >= first,
            row.message_id < end,
        )
        .order_by(row.id.desc())
        .limit(ATTEMPTS_COUNTED_MAX)
        .subquery()
    )
    of = attempts.c
    deliveries = (
        select(
            of.message_id,
            func.max(of.succeeded).label("succeeded"),
            func.max(of.given_up).label("given_up"),
        )
        .group_by(of.message_id)
        .subquery()
    )
    each = deliveries.c
    pending, cancelled = (
        exists().where(table.message_id == each.message_id, table.endpoint_id == endpoint_id)
        for table in (_pending, cancelled_delivery.c)
    )
    failed = and_(each.succeeded == 0, each.given_up == 1, ~pending, ~cancelled)
    return select(
        func.sum(each.succeeded).label("success"),
        func.sum(case((failed, 1), else_=0)).label("fail"),
    )


def _canceled(endpoint_id: bytes, first: bytes, end: bytes) -> ScalarSelect[int]:
    row = cancelled_delivery.c
    rows = (
        select(row.message_id)
        .where(row.endpoint_id == endpoint_id, row.message_id >= first, row.message_id < end)
        .limit(ATTEMPTS_COUNTED_MAX)
        .subquery()
    )
    return select(func.count()).select_from(rows).scalar_subquery()


def _counted(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    rows = select(_pending.message_id).where(*conditions).limit(COUNTED_MAX).subquery()
    return select(func.count()).select_from(rows).scalar_subquery()


async def _failing_since(connection: AsyncConnection, endpoint_id: bytes) -> datetime | None:
    """The recorded time, unless the endpoint was changed since or its latest attempt succeeded: the
    worker that wrote the record may not know yet."""
    latest = (
        select(attempt.c.status)
        .where(attempt.c.endpoint_id == endpoint_id)
        .order_by(attempt.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    changed = exists().where(
        endpoint_copy.c.id == endpoint_id, endpoint_copy.c.version > endpoint_health.c.version
    )
    query = select(endpoint_health.c.failing_since, latest.label("latest")).where(
        endpoint_health.c.endpoint_id == endpoint_id, ~changed
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or row.latest == _SUCCESS:
        return None
    return from_micros(row.failing_since)
