"""The worker's roll-ups: attempts by the time they ended, and cancelled deliveries by the time of
their cancellation, by tenant, application, endpoint and event type."""

from collections.abc import Mapping
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.latency_histogram import bucket_of
from angarium_chassis.statistics.recording_order import RecordingOrder
from angarium_chassis.statistics.resolutions import Resolution, start_of
from angarium_chassis.statistics.roller import CountedLedger
from angarium_chassis.statistics.rollup_table import Counts, Key, RollupTable
from angarium_contracts.attempts import AttemptStatus, AttemptTrigger
from angarium_contracts.ids import created_at_ms
from sqlalchemy import ColumnElement, select
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
    that succeeded. Manual attempts have none: they say when somebody wanted them.
    """
    row = attempt.c
    query = select(
        row.ended_at,
        row.tenant_id,
        row.application_id,
        row.endpoint_id,
        row.event_type,
        row.status,
        row.trigger,
        row.number,
        row.next_attempt_at,
        row.duration_ms,
        row.message_id,
    ).where(condition)
    found: dict[Key, Counts] = {}
    for (
        ended_at,
        tenant_id,
        application_id,
        endpoint_id,
        event_type,
        status,
        trigger,
        number,
        next_attempt_at,
        duration_ms,
        message_id,
    ) in (await connection.execute(query)).all():
        minute = start_of(ended_at, Resolution.MINUTE)
        key = (minute, tenant_id, application_id, endpoint_id, event_type)
        counts = found.get(key)
        if counts is None:
            counts = found[key] = rollups.counts()
        numbers = counts.numbers
        counts.histograms[_DURATIONS][bucket_of(duration_ms)] += 1
        if number > 1:
            numbers[_RETRIED] += 1
        elif trigger != _MANUAL:
            numbers[_FIRST] += 1
        if status == _SUCCESS:
            numbers[_DELIVERED] += 1
            if trigger != _MANUAL:
                latency_ms = ended_at // 1_000 - created_at_ms(message_id)
                counts.histograms[_LATENCIES][bucket_of(latency_ms)] += 1
        else:
            numbers[_FAILED] += 1
            if next_attempt_at is None:
                numbers[_EXHAUSTED] += 1
    return found


async def count_cancelled(
    connection: AsyncConnection, condition: ColumnElement[bool], rollups: RollupTable = ROLLUPS
) -> Mapping[Key, Counts]:
    """Count cancelled deliveries by the minute of their cancellation."""
    row = cancelled_delivery.c
    query = select(
        row.cancelled_at, row.tenant_id, row.application_id, row.endpoint_id, row.event_type
    ).where(condition)
    found: dict[Key, Counts] = {}
    for at_us, *rest in (await connection.execute(query)).all():
        key = (start_of(at_us, Resolution.MINUTE), *rest)
        found.setdefault(key, rollups.counts()).numbers[_CANCELLED] += 1
    return found
