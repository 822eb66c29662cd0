"""Finds the endpoints of a tenant that are not well, and counts what waits for its endpoints."""

from collections.abc import Sequence
from typing import Any, Final

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.deliveries import (
    CountWaiting,
    FindUnhealthyEndpoints,
    UnhealthyEndpoint,
    UnhealthyEndpoints,
    WaitingCounted,
)
from sqlalchemy import and_, func, select

from .storage_errors import storage_errors
from .tables import endpoint_copy, endpoint_health, lane, pending_delivery

COUNTED_MAX: Final = 10_000
_CLOSED: Final = ("delivering", "waiting", "")
_copy, _health, _lane, _pending = endpoint_copy.c, endpoint_health.c, lane.c, pending_delivery.c


class UnhealthyEndpointRows:
    """Answers `FindUnhealthyEndpoints` and `CountWaiting`. Raises `StorageDown`."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading
        self._now = clock_us(on_postgres=database.on_postgres)

    async def unhealthy(self, question: FindUnhealthyEndpoints) -> UnhealthyEndpoints:
        """See `FindUnhealthyEndpoints`."""
        limit, tenant_id = question.limit, question.tenant_id
        living = and_(~_copy.disabled, ~_copy.deleted)
        off = (
            select(_copy.id, _copy.application_id)
            .where(_copy.tenant_id == tenant_id, _copy.disabled, ~_copy.deleted)
            .order_by(_copy.application_id, _copy.id)
        )
        failing = (
            select(_health.endpoint_id, _health.application_id, _health.failing_since)
            .join_from(endpoint_health, endpoint_copy, _health.endpoint_id == _copy.id)
            .where(_health.tenant_id == tenant_id, living)
            .order_by(_health.failing_since)
        )
        broken = (
            select(_lane.endpoint_id, _lane.application_id, _lane.state, _lane.due_at)
            .join_from(lane, endpoint_copy, _lane.endpoint_id == _copy.id)
            .where(_lane.tenant_id == tenant_id, _lane.state.not_in(_CLOSED), living)
            .order_by(_lane.due_at.desc())
        )
        parts = [await self._rows(query.limit(limit + 1)) for query in (off, failing, broken)]
        return UnhealthyEndpoints(
            _merged(*(rows[:limit] for rows in parts)),
            done=all(len(rows) <= limit for rows in parts),
        )

    async def waiting(self, question: CountWaiting) -> WaitingCounted:
        """See `CountWaiting`."""
        # By the tenant's endpoints, so that the index of pending deliveries by endpoint is used: a
        # tenant with few of them would otherwise wait behind the whole backlog of the others.
        mine = endpoint_copy.join(pending_delivery, _pending.endpoint_id == _copy.id)
        some = (
            select(_pending.lane)
            .select_from(mine)
            .where(_copy.tenant_id == question.tenant_id)
            .limit(COUNTED_MAX)
            .subquery()
        )
        of_endpoint = (
            select(func.min(_pending.due_at))
            .where(_pending.endpoint_id == _copy.id)
            .correlate(endpoint_copy)
            .scalar_subquery()
        )
        oldest = select(func.min(of_endpoint)).where(_copy.tenant_id == question.tenant_id)
        counts = select(func.count(), func.count(some.c.lane), oldest.scalar_subquery())
        ((pending, parked, due_us),) = await self._rows(counts.select_from(some))
        oldest_due_at = None if not due_us else from_micros(int(due_us))
        return WaitingCounted(int(pending), int(parked), oldest_due_at)

    async def _rows(self, query: Any) -> Sequence[Any]:
        with storage_errors():
            async with self._reading.connect() as connection:
                rows: Sequence[Any] = (await connection.execute(query)).all()
        return rows


def _merged(
    off: Sequence[Any], failing: Sequence[Any], broken: Sequence[Any]
) -> tuple[UnhealthyEndpoint, ...]:
    """Each endpoint once: disabled ones, then those with an open breaker, then failing ones."""
    failing_since = {bytes(row.endpoint_id): from_micros(row.failing_since) for row in failing}
    found = {
        bytes(row.id): UnhealthyEndpoint(bytes(row.id), bytes(row.application_id), disabled=True)
        for row in off
    }
    for row in broken:
        endpoint_id = bytes(row.endpoint_id)
        found[endpoint_id] = UnhealthyEndpoint(
            endpoint_id,
            bytes(row.application_id),
            state=row.state,
            failing_since=failing_since.get(endpoint_id),
            open_until=from_micros(row.due_at) if row.state == "open" and row.due_at else None,
        )
    for row in failing:
        endpoint_id = bytes(row.endpoint_id)
        found.setdefault(
            endpoint_id,
            UnhealthyEndpoint(
                endpoint_id,
                bytes(row.application_id),
                failing_since=failing_since[endpoint_id],
            ),
        )
    return tuple(found.values())
