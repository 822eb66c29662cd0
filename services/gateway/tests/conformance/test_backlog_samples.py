"""Samples of the backlog, and how long they are kept, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.statistics.resolutions import Resolution
from angarium_chassis.statistics.rollup_table import RollupRetention
from angarium_gateway.adapters.database import backlog_samples
from angarium_gateway.adapters.database.backlog_samples import BacklogSamples
from angarium_gateway.adapters.database.tables import backlog_sample
from angarium_gateway.application.platform.backlog_series import BacklogPoint
from angarium_gateway.application.platform.platform_state import Backlog
from sqlalchemy import select

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def backlog(open_batches: int, oldest_open_s: float | None) -> Backlog:
    return Backlog(open_batches, oldest_open_s, set_aside=0, late_s=None)


async def test_a_period_has_the_largest_numbers_that_were_seen(database: Database) -> None:
    samples = BacklogSamples(database)
    await samples.add(backlog(3, 1.5), NOON)
    await samples.add(backlog(2, 2.5), NOON + timedelta(seconds=59))
    await samples.add(backlog(9, None), NOON + MINUTE)

    assert await samples.since(Resolution.MINUTE, NOON) == [
        BacklogPoint(NOON, 3, 2.5),
        BacklogPoint(NOON + MINUTE, 9, 0.0),
    ]
    assert await samples.since(Resolution.HOUR, NOON) == [BacklogPoint(NOON, 9, 2.5)]
    day = NOON.replace(hour=0)
    assert await samples.since(Resolution.DAY, day) == [BacklogPoint(day, 9, 2.5)]


async def test_the_newest_periods_from_a_time_on_are_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = BacklogSamples(database)
    for minute in range(4):
        await samples.add(backlog(minute, None), NOON + minute * MINUTE)
    later = await samples.since(Resolution.MINUTE, NOON + 2 * MINUTE)
    assert [each.open_batches for each in later] == [2, 3]
    monkeypatch.setattr(backlog_samples, "POINTS_MAX", 3)
    newest = await samples.since(Resolution.MINUTE, NOON)
    assert [each.open_batches for each in newest] == [1, 2, 3]


async def test_samples_are_kept_as_long_as_statistics_of_their_resolution(
    database: Database,
) -> None:
    await BacklogSamples(database).add(backlog(1, 1.0), datetime.now(UTC) - timedelta(days=5))
    days = {Resolution.MINUTE: 3, Resolution.HOUR: 90, Resolution.DAY: 730}
    await RetentionLoop(database, {"backlog": RollupRetention(backlog_sample, days)}).turn()
    async with database.engine.connect() as connection:
        kept = await connection.execute(
            select(backlog_sample.c.resolution).order_by(backlog_sample.c.resolution)
        )
        assert kept.scalars().all() == [int(Resolution.HOUR), int(Resolution.DAY)]
