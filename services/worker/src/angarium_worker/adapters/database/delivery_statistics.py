"""Reads the worker's roll-ups."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.latency_histogram import Histogram, percentiles
from angarium_chassis.statistics.resolutions import Resolution
from angarium_chassis.statistics.rollup_table import Counts
from angarium_contracts.statistics import (
    CountByEndpoint,
    DeliveryPoint,
    DeliverySeries,
    DeliverySum,
    DeliverySums,
    EndpointHour,
    EndpointHours,
    GetDeliverySeries,
    SumDeliveries,
)
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .delivery_rollups import NUMBERS, ROLLUPS, orders
from .storage_errors import storage_errors
from .tables import delivery_rollup

ROWS_MAX: Final = 20_000
POINTS_MAX: Final = 5_000
SHARES: Final = (0.5, 0.95, 0.99)
_ROWS_PER_TURN: Final = 500
"""Rows that are added up before other work of the worker gets its turn."""

_row = delivery_rollup.c
_GROUPS: Final = {
    "application": _row.application_id,
    "endpoint": _row.endpoint_id,
    "event_type": _row.event_type,
}


class DeliveryStatistics:
    """Answers the questions of `angarium_contracts.statistics`. Raises `StorageDown`."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading
        self._orders = orders(database)

    async def series(self, question: GetDeliverySeries) -> DeliverySeries | None:
        """See `StatisticsReader`."""
        group = None if question.group_by is None else _GROUPS[question.group_by]
        conditions = _within(question)
        if question.application_id is not None:
            conditions.append(_row.application_id == question.application_id)
        if question.endpoint_id is not None:
            conditions.append(_row.endpoint_id == question.endpoint_id)
        if question.event_type is not None:
            conditions.append(_row.event_type == question.event_type)
        query = (
            select(_row.starts_at, *([] if group is None else [group.label("of_group")]))
            .add_columns(*(_row[name] for name in (*NUMBERS, *ROLLUPS.histograms)))
            .where(*conditions)
            .limit(ROWS_MAX + 1)
        )
        with storage_errors():
            async with self._reading.connect() as connection:
                complete_until, counted_since = await self._completeness(connection)
                rows = (await connection.execute(query)).all()
        if len(rows) > ROWS_MAX:
            return None
        points = await _added_up(rows, grouped=group is not None)
        if len(points) > POINTS_MAX:
            return None
        return DeliverySeries(
            tuple(_point(key[0], key[1], counts) for key, counts in sorted(points.items())),
            complete_until,
            counted_since,
        )

    async def _completeness(self, connection: AsyncConnection) -> tuple[datetime, datetime]:
        complete, began = [], []
        for order in self._orders:
            complete.append(await order.complete_at_us(connection))
            began.append((await connection.execute(order.stored)).one().began_at)
        return from_micros(min(complete)), from_micros(max(began))

    async def sums(self, question: SumDeliveries) -> DeliverySums:
        """See `StatisticsReader`."""
        conditions = _within(question)
        if question.application_ids is not None:
            conditions.append(_row.application_id.in_(question.application_ids))
        if question.endpoint_id is not None:
            conditions.append(_row.endpoint_id == question.endpoint_id)
        if question.after is not None:
            conditions.append(_row.application_id > question.after)
        query = (
            select(_row.application_id, *(func.sum(_row[name]) for name in NUMBERS))
            .where(*conditions)
            .group_by(_row.application_id)
            .order_by(_row.application_id)
            .limit(question.limit + 1)
        )
        with storage_errors():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        items = [
            DeliverySum(bytes(application_id), tuple(map(int, numbers)))
            for application_id, *numbers in rows[: question.limit]
        ]
        return DeliverySums(tuple(items), done=len(rows) <= question.limit)

    async def by_endpoint(self, question: CountByEndpoint) -> EndpointHours:
        """See `StatisticsReader`."""
        query = (
            select(
                _row.endpoint_id,
                _row.starts_at,
                func.sum(_row.delivered).label("delivered"),
                func.sum(_row.failed).label("failed"),
            )
            .where(
                _row.tenant_id == question.tenant_id,
                _row.application_id == question.application_id,
                _row.endpoint_id.in_(question.endpoint_ids),
                _row.resolution == int(Resolution.HOUR),
                _row.starts_at >= to_micros(question.since),
                _row.starts_at < to_micros(question.until),
            )
            .group_by(_row.endpoint_id, _row.starts_at)
            .order_by(_row.endpoint_id, _row.starts_at)
            .limit(POINTS_MAX)
        )
        with storage_errors():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return EndpointHours(
            tuple(
                EndpointHour(
                    bytes(row.endpoint_id),
                    from_micros(row.starts_at),
                    int(row.delivered),
                    int(row.failed),
                )
                for row in rows
            )
        )


def _within(question: GetDeliverySeries | SumDeliveries) -> list[ColumnElement[bool]]:
    found = [
        _row.tenant_id == question.tenant_id,
        _row.resolution == question.resolution,
        _row.starts_at >= to_micros(question.since),
        _row.starts_at < to_micros(question.until),
    ]
    if question.without_application_id is not None:
        found.append(_row.application_id != question.without_application_id)
    return found


async def _added_up(rows: Sequence[Any], *, grouped: bool) -> dict[tuple[Any, ...], Counts]:
    """Counts by the beginning of their period, and by group."""
    points: dict[tuple[Any, ...], Counts] = {}
    for at, row in enumerate(rows):
        key = (row.starts_at, row.of_group) if grouped else (row.starts_at, None)
        points.setdefault(key, ROLLUPS.counts()).add(ROLLUPS.counts_of(row))
        if at % _ROWS_PER_TURN == _ROWS_PER_TURN - 1:
            await asyncio.sleep(0)
    return points


def _point(starts_at_us: int, group: bytes | str | None, counts: Counts) -> DeliveryPoint:
    durations, latencies = counts.histograms
    return DeliveryPoint(
        starts_at=from_micros(starts_at_us),
        numbers=tuple(counts.numbers),
        group_id=bytes(group) if isinstance(group, bytes) else None,
        event_type=group if isinstance(group, str) else None,
        durations_ms=_percentiles(durations),
        latencies_ms=_percentiles(latencies),
    )


def _percentiles(histogram: Histogram) -> tuple[float, ...] | None:
    found = percentiles(histogram, SHARES)
    return None if found is None else tuple(found)
