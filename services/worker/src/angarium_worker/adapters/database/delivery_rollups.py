"""The worker's roll-ups: attempts by the time they ended, and cancelled deliveries by the time of
their cancellation, by tenant, application, endpoint and event type."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.database_times import created_at_ms, start_of_minute
from angarium_chassis.statistics.latency_histogram import bucket_of
from angarium_chassis.statistics.recording_order import RecordingOrder
from angarium_chassis.statistics.roller import CountedLedger
from angarium_chassis.statistics.rollup_table import Counts, Key, RollupTable
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from sqlalchemy import ColumnElement, Select, and_, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import attempt, cancelled_delivery, delivery_rollup, rollup_position

NUMBERS: Final = ("first_attempts", "delivered", "failed", "exhausted", "retried", "cancelled")
_FIRST, _DELIVERED, _FAILED, _EXHAUSTED, _RETRIED, _CANCELLED = range(len(NUMBERS))
_DURATIONS, _LATENCIES = range(2)
_SUCCESS = int(AttemptStatus.SUCCESS)
_MANUAL = int(AttemptTrigger.MANUAL)

ROLLUPS: Final = RollupTable(
    delivery_rollup,
    keys=("tenant_id", "application_id", "endpoint_id", "event_type"),
    numbers=NUMBERS,
    histograms=("durations", "latencies"),
)


def orders(database: Database) -> tuple[RecordingOrder, RecordingOrder]:
    """The orders of attempts and of cancelled deliveries."""
    made, cancelled = (
        RecordingOrder(table, rollup_position, on_postgres=database.on_postgres)
        for table in (attempt, cancelled_delivery)
    )
    return made, cancelled


def counted_ledgers(database: Database) -> list[CountedLedger]:
    """The ledgers that the worker's roller counts."""
    made, cancelled = orders(database)
    return [
        CountedLedger(made, ROLLUPS, count_attempts),
        CountedLedger(cancelled, ROLLUPS, count_cancelled),
    ]


async def count_attempts(
    connection: AsyncConnection, condition: ColumnElement[bool], rollups: RollupTable = ROLLUPS
) -> Mapping[Key, Counts]:
    """Count attempts by the minute in which they ended.

    The latency of a delivery lasts from the acceptance of its message to the end of the attempt
    that succeeded. Manual attempts have none: they say when somebody wanted them. The database
    counts equal durations and latencies together, which are few in a minute.
    """
    found: dict[Key, Counts] = {}
    for *key, duration_ms, attempts, first, delivered, exhausted, retried in await _all(
        connection, _numbers_by_duration(condition)
    ):
        counts = found.setdefault(tuple(key), rollups.counts())
        counts.histograms[_DURATIONS][bucket_of(duration_ms)] += attempts
        numbers = counts.numbers
        numbers[_FIRST] += first
        numbers[_DELIVERED] += delivered
        numbers[_FAILED] += attempts - delivered
        numbers[_EXHAUSTED] += exhausted
        numbers[_RETRIED] += retried
    for *key, latency_ms, deliveries in await _all(connection, _latencies(condition)):
        found[tuple(key)].histograms[_LATENCIES][bucket_of(latency_ms)] += deliveries
    return found


def _numbers_by_duration(condition: ColumnElement[bool]) -> Select[Any]:
    row = attempt.c
    succeeded, is_manual = row.status == _SUCCESS, row.trigger == _MANUAL
    groups = (*_key(row.ended_at, row), row.duration_ms)
    return (
        select(
            *groups,
            func.count(),
            _number_of(and_(row.number <= 1, not_(is_manual))),
            _number_of(succeeded),
            _number_of(and_(not_(succeeded), row.next_attempt_at.is_(None))),
            _number_of(row.number > 1),
        )
        .where(condition)
        .group_by(*groups)
    )


def _latencies(condition: ColumnElement[bool]) -> Select[Any]:
    row = attempt.c
    counted = and_(condition, row.status == _SUCCESS, row.trigger != _MANUAL)
    latency_ms = row.ended_at // 1_000 - created_at_ms(row.message_id)
    groups = (*_key(row.ended_at, row), latency_ms.label("latency_ms"))
    return select(*groups, func.count()).where(counted).group_by(*groups)


async def count_cancelled(
    connection: AsyncConnection, condition: ColumnElement[bool], rollups: RollupTable = ROLLUPS
) -> Mapping[Key, Counts]:
    """Count cancelled deliveries by the minute of their cancellation."""
    groups = _key(cancelled_delivery.c.cancelled_at, cancelled_delivery.c)
    query = select(*groups, func.count()).where(condition).group_by(*groups)
    found: dict[Key, Counts] = {}
    for *key, deliveries in await _all(connection, query):
        found.setdefault(tuple(key), rollups.counts()).numbers[_CANCELLED] += deliveries
    return found


def _key(at_us: ColumnElement[int], row: Any) -> tuple[Any, ...]:
    minute = start_of_minute(at_us).label("minute")
    return (minute, row.tenant_id, row.application_id, row.endpoint_id, row.event_type)


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


async def _all(connection: AsyncConnection, query: Select[Any]) -> Sequence[Any]:
    rows: Sequence[Any] = (await connection.execute(query)).all()
    return rows
