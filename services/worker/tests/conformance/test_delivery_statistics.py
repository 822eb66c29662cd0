"""Reading the worker's roll-ups, and how long they are kept, on both engines."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution, start_of
from angarium_chassis.statistics.roller import Roller
from angarium_chassis.statistics.rollup_table import RollupRetention
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.statistics import (
    CountByEndpoint,
    DeliveryPoint,
    DeliverySum,
    EndpointHour,
    GetDeliverySeries,
    SumDeliveries,
)
from angarium_worker.adapters.database import delivery_statistics
from angarium_worker.adapters.database.delivery_rollups import counted_ledgers
from angarium_worker.adapters.database.delivery_statistics import DeliveryStatistics
from angarium_worker.adapters.database.tables import delivery_rollup
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from angarium_worker.application.operations.statistics import Statistics
from msgspec.structs import replace
from sqlalchemy import select

MINUTE_US, HOUR_US = LENGTH_US[Resolution.MINUTE], LENGTH_US[Resolution.HOUR]
NOW_US = start_of(time.time_ns() // 1_000, Resolution.HOUR)
FIRST, SECOND = from_micros(NOW_US), from_micros(NOW_US + MINUTE_US)
TENANT, APPLICATION, OTHER = b"t" * 16, b"a" * 16, b"b" * 16
ENDPOINT, ITS_OTHER, ANOTHERS = b"e" * 16, b"f" * 16, b"g" * 16
SERIES = GetDeliverySeries(
    tenant_id=TENANT,
    resolution=int(Resolution.MINUTE),
    since=FIRST,
    until=from_micros(NOW_US + HOUR_US),
)
SUMS = SumDeliveries(
    tenant_id=TENANT,
    resolution=int(Resolution.HOUR),
    since=FIRST,
    until=from_micros(NOW_US + HOUR_US),
)

type Rows = Callable[..., AttemptRow]


@pytest.fixture
def statistics(database: Database) -> DeliveryStatistics:
    return DeliveryStatistics(database)


async def roll(database: Database) -> None:
    await Roller(database, counted_ledgers(database), every_s=1.0).turn()


def made(row: Rows, at_us: int, *, latency_ms: int = 100, **more: Any) -> AttemptRow:
    """An attempt that ended at this time, of a message that was accepted before."""
    found = row(ended_at_us=at_us, **more)
    accepted_ms = at_us // 1_000 - latency_ms
    return found._replace(
        id=lowest_id_at(at_us // 1_000)[:6] + found.id[6:],
        message_id=lowest_id_at(accepted_ms)[:6] + found.id[6:],
    )


@pytest.fixture
async def counted(database: Database, ledger: Ledger, attempt_row: Rows) -> None:
    """Attempts of two applications and of another tenant, counted."""
    rows = [
        made(attempt_row, NOW_US, duration_ms=10),
        made(attempt_row, NOW_US, duration_ms=10, status=2, retry_in_us=1),
        made(attempt_row, NOW_US, duration_ms=10, endpoint_id=ITS_OTHER, event_type="invoice.due"),
        made(attempt_row, NOW_US + MINUTE_US, duration_ms=14, number=2),
        made(attempt_row, NOW_US, application_id=OTHER, endpoint_id=ANOTHERS),
        made(attempt_row, NOW_US, tenant_id=b"u" * 16, application_id=b"x" * 16),
        made(attempt_row, NOW_US + HOUR_US),
    ]
    await ledger.record([Record(rows)])
    await roll(database)


async def points(reader: DeliveryStatistics, **changes: Any) -> list[tuple[Any, ...]]:
    """Beginning, group, first attempts, delivered and failed of each point."""
    series = await reader.series(replace(SERIES, **changes))
    assert series is not None
    return [
        (each.starts_at, each.group_id or each.event_type, *each.numbers[:3])
        for each in series.points
    ]


@pytest.mark.usefixtures("counted")
async def test_series_are_divided_and_filtered(statistics: DeliveryStatistics) -> None:
    assert await points(statistics) == [(FIRST, None, 4, 3, 1), (SECOND, None, 0, 1, 0)]
    assert await points(statistics, group_by="application") == [
        (FIRST, APPLICATION, 3, 2, 1),
        (FIRST, OTHER, 1, 1, 0),
        (SECOND, APPLICATION, 0, 1, 0),
    ]
    assert await points(statistics, group_by="endpoint", application_id=APPLICATION) == [
        (FIRST, ENDPOINT, 2, 1, 1),
        (FIRST, ITS_OTHER, 1, 1, 0),
        (SECOND, ENDPOINT, 0, 1, 0),
    ]
    assert await points(statistics, group_by="event_type", endpoint_id=ITS_OTHER) == [
        (FIRST, "invoice.due", 1, 1, 0)
    ]
    assert await points(statistics, event_type="invoice.due") == [(FIRST, None, 1, 1, 0)]
    assert await points(statistics, without_application_id=APPLICATION) == [(FIRST, None, 1, 1, 0)]
    assert await points(statistics, tenant_id=b"z" * 16) == []


@pytest.mark.usefixtures("counted")
async def test_a_point_has_percentiles_of_all_its_roll_ups(statistics: DeliveryStatistics) -> None:
    of_hour = replace(SERIES, resolution=int(Resolution.HOUR), application_id=APPLICATION)
    series = await statistics.series(of_hour)
    assert series is not None
    (point,) = series.points
    assert point.numbers == (3, 3, 1, 0, 1, 0)
    assert point.durations_ms == (10.0, 14.0, 14.0)
    assert point.latencies_ms is not None
    assert point.latencies_ms == pytest.approx((100.0,) * 3, rel=0.032)
    assert series.counted_since < series.complete_until


async def test_a_period_without_success_has_no_latency(
    database: Database, ledger: Ledger, attempt_row: Rows, statistics: DeliveryStatistics
) -> None:
    await ledger.record([Record([made(attempt_row, NOW_US, status=2, duration_ms=5)])])
    await roll(database)
    series = await statistics.series(SERIES)
    assert series is not None
    assert series.points == (
        DeliveryPoint(FIRST, (1, 0, 1, 1, 0, 0), None, None, (5.0,) * 3, None),
    )


@pytest.mark.usefixtures("counted")
async def test_a_series_of_too_many_roll_ups_is_refused(
    statistics: DeliveryStatistics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_statistics, "POINTS_MAX", 2)
    assert len(await points(statistics)) == 2
    assert await statistics.series(replace(SERIES, group_by="application")) is None
    monkeypatch.setattr(delivery_statistics, "ROWS_MAX", 3)
    assert await statistics.series(SERIES) is None
    assert "coarser" in str(await Statistics(statistics).answer(SERIES))


@pytest.mark.usefixtures("counted")
async def test_sums_are_of_applications_in_the_order_of_ids(
    statistics: DeliveryStatistics,
) -> None:
    ours = DeliverySum(APPLICATION, (3, 3, 1, 0, 1, 0))
    others = DeliverySum(OTHER, (1, 1, 0, 0, 0, 0))
    found = await statistics.sums(SUMS)
    assert (found.items, found.done) == ((ours, others), True)
    first = await statistics.sums(replace(SUMS, limit=1))
    assert (first.items, first.done) == ((ours,), False)
    rest = await statistics.sums(replace(SUMS, limit=1, after=APPLICATION))
    assert (rest.items, rest.done) == ((others,), True)
    some = await statistics.sums(replace(SUMS, application_ids=(OTHER, b"z" * 16)))
    assert some.items == (others,)
    without = await statistics.sums(replace(SUMS, without_application_id=OTHER))
    assert without.items == (ours,)
    of_endpoint = await statistics.sums(replace(SUMS, endpoint_id=ITS_OTHER))
    assert of_endpoint.items == (DeliverySum(APPLICATION, (1, 1, 0, 0, 0, 0)),)
    assert (await statistics.sums(replace(SUMS, application_ids=()))).items == ()


async def test_each_resolution_is_kept_for_its_time(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    ages_us = [days * DAY_MS * 1_000 for days in (0, 4, 40, 400)]
    await ledger.record([Record([made(attempt_row, NOW_US - age_us) for age_us in ages_us])])
    await roll(database)
    kept = {Resolution.MINUTE: 3, Resolution.HOUR: 30, Resolution.DAY: 300}
    tasks = {"statistics": RollupRetention(delivery_rollup, kept)}
    assert await RetentionLoop(database, tasks).turn()
    async with database.reading.connect() as connection:
        rows = (await connection.execute(select(delivery_rollup.c.resolution))).scalars().all()
    assert sorted(rows) == [0, 1, 1, 2, 2, 2]


@pytest.mark.usefixtures("counted")
async def test_the_hours_of_endpoints_are_those_of_the_question(
    statistics: DeliveryStatistics,
) -> None:
    hour, following = from_micros(NOW_US), from_micros(NOW_US + HOUR_US)
    question = CountByEndpoint(
        tenant_id=TENANT,
        application_id=APPLICATION,
        endpoint_ids=(ENDPOINT, ITS_OTHER, ANOTHERS, b"z" * 16),
        since=hour,
        until=following,
    )
    # Of another application, later, and unknown ones are left out.
    first = (EndpointHour(ENDPOINT, hour, 2, 1), EndpointHour(ITS_OTHER, hour, 1, 0))
    assert (await statistics.by_endpoint(question)).items == first

    longer = await statistics.by_endpoint(
        replace(question, endpoint_ids=(ENDPOINT,), until=from_micros(NOW_US + 2 * HOUR_US))
    )
    assert longer.items == (first[0], EndpointHour(ENDPOINT, following, 1, 0))
    others = await statistics.by_endpoint(replace(question, tenant_id=b"u" * 16))
    assert others.items == ()
    assert (await statistics.by_endpoint(replace(question, endpoint_ids=()))).items == ()
