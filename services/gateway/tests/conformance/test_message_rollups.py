"""Accepted messages are counted exactly once, read by period and group, and kept for their time."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import count

import pytest
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution, start_of
from angarium_chassis.statistics.roller import Roller
from angarium_chassis.statistics.rollup_audit import Difference
from angarium_chassis.statistics.rollup_table import RollupRetention
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.message_rollups import counted_ledgers
from angarium_gateway.adapters.database.message_statistics import POINTS_MAX, MessageStatistics
from angarium_gateway.adapters.database.postgres_journal import PostgresJournal
from angarium_gateway.adapters.database.sqlite_journal import SqliteJournal
from angarium_gateway.adapters.database.tables import message, message_rollup
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.read.statistics import AcceptedCount, AcceptedQuery, GroupBy
from angarium_gateway.domain.messages import Committed, NewMessage
from angarium_gateway.examination.statistics import audited_rollups
from sqlalchemy import delete, insert, select, update
from structlog.testing import capture_logs

MINUTE_US, HOUR_US = LENGTH_US[Resolution.MINUTE], LENGTH_US[Resolution.HOUR]
NOW_US = start_of(time.time_ns() // 1_000, Resolution.HOUR)
TENANT, OTHER_TENANT, APPLICATION, OTHER = b"t" * 16, b"u" * 16, b"a" * 16, b"b" * 16
PAID, DUE = "invoice.paid", "invoice.due"
_numbers = count(1)

type AnyJournal = PostgresJournal | SqliteJournal


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[AnyJournal]:
    kind = PostgresJournal if database.on_postgres else SqliteJournal
    opened = kind(database, clock_us=lambda: time.time_ns() // 1_000, key_life_us=86_400_000_000)
    yield opened
    await opened.close()


def accepted_at(
    at_us: int,
    event_type: str = PAID,
    application_id: bytes = APPLICATION,
    tenant_id: bytes = TENANT,
) -> NewMessage:
    """A message that was accepted at this time."""
    return NewMessage(
        id=lowest_id_at(at_us // 1_000)[:6] + next(_numbers).to_bytes(10),
        tenant_id=tenant_id,
        application_id=application_id,
        event_type=event_type,
        payload=b"{}",
    )


async def commit(journal: AnyJournal, *messages: NewMessage) -> None:
    batch = NewBatch(min(each.id for each in messages), "o" * 32, 0, False, messages)
    assert all(isinstance(each, Committed) for each in await journal.commit(batch))


async def roll(database: Database) -> None:
    await Roller(database, counted_ledgers(database), every_s=1.0, rows_max=2).turn()


async def rows_of(database: Database, resolution: Resolution) -> dict[int, int]:
    """Accepted messages by the beginning of their period."""
    row = message_rollup.c
    query = select(row.starts_at, row.accepted).where(row.resolution == int(resolution))
    async with database.reading.connect() as connection:
        return {row.starts_at: row.accepted for row in await connection.execute(query)}


async def differences(database: Database) -> list[Difference]:
    audited = audited_rollups(database)
    since_us, until_us = NOW_US - 24 * HOUR_US, NOW_US + 24 * HOUR_US
    return [
        each
        async for owner in audited.owners(database, since_us, until_us)
        for each in await audited.differences(database, owner, since_us, until_us)
    ]


def wanted(
    group_by: GroupBy | None = None,
    application_id: bytes | None = None,
    without_application_id: bytes | None = None,
    event_type: str | None = None,
) -> AcceptedQuery:
    """The tenant's minutes of two hours."""
    since, until = from_micros(NOW_US - HOUR_US), from_micros(NOW_US + HOUR_US)
    return AcceptedQuery(
        TENANT,
        Resolution.MINUTE,
        since,
        until,
        application_id,
        without_application_id,
        event_type,
        group_by,
    )


async def counts(database: Database, query: AcceptedQuery) -> Sequence[AcceptedCount]:
    series = await MessageStatistics(database).series(query)
    assert series is not None
    return series.counts


async def test_messages_are_counted_once_by_the_minute_of_their_acceptance(
    database: Database, journal: AnyJournal
) -> None:
    await commit(journal, *[accepted_at(NOW_US + each * 1_000) for each in range(5)])
    await commit(journal, accepted_at(NOW_US + MINUTE_US))
    await roll(database)
    await roll(database)
    assert await rows_of(database, Resolution.MINUTE) == {NOW_US: 5, NOW_US + MINUTE_US: 1}
    assert await rows_of(database, Resolution.HOUR) == {NOW_US: 6}
    # Recorded late, and accepted in a minute that was counted before.
    await commit(journal, accepted_at(NOW_US + 30_000))
    await roll(database)
    assert await rows_of(database, Resolution.MINUTE) == {NOW_US: 6, NOW_US + MINUTE_US: 1}
    assert await differences(database) == []


async def test_counts_survive_their_messages(database: Database, journal: AnyJournal) -> None:
    await commit(journal, accepted_at(NOW_US), accepted_at(NOW_US + 1_000))
    await roll(database)
    async with database.engine.begin() as connection:
        await connection.execute(delete(message))
    await commit(journal, accepted_at(NOW_US + 2_000))
    await roll(database)
    assert await rows_of(database, Resolution.MINUTE) == {NOW_US: 3}


async def test_the_audit_reports_messages_that_are_not_counted(
    database: Database, journal: AnyJournal
) -> None:
    await commit(journal, accepted_at(NOW_US), accepted_at(NOW_US + 1_000))
    await roll(database)
    async with database.engine.begin() as connection:
        hours = message_rollup.c.resolution == int(Resolution.HOUR)
        await connection.execute(update(message_rollup).where(hours).values(accepted=1))
    (found,) = await differences(database)
    assert (found.resolution, found.starts_at_us) == (Resolution.HOUR, NOW_US)
    assert (found.event_type, found.column) == (PAID, "accepted")
    assert (found.on_record, found.counted) == (2, 1)


async def test_series_are_divided_and_filtered(database: Database, journal: AnyJournal) -> None:
    await commit(
        journal,
        accepted_at(NOW_US),
        accepted_at(NOW_US + 1_000, DUE),
        accepted_at(NOW_US + 2_000, PAID, OTHER),
        accepted_at(NOW_US + 3_000, PAID, b"x" * 16, OTHER_TENANT),
        accepted_at(NOW_US + MINUTE_US),
        accepted_at(NOW_US + HOUR_US),
    )
    await roll(database)
    first, second = from_micros(NOW_US), from_micros(NOW_US + MINUTE_US)
    assert await counts(database, wanted()) == [(first, None, 3), (second, None, 1)]
    assert await counts(database, wanted(GroupBy.APPLICATION)) == [
        (first, APPLICATION, 2),
        (first, OTHER, 1),
        (second, APPLICATION, 1),
    ]
    assert await counts(database, wanted(GroupBy.EVENT_TYPE, application_id=APPLICATION)) == [
        (first, DUE, 1),
        (first, PAID, 1),
        (second, PAID, 1),
    ]
    assert await counts(database, wanted(event_type=DUE)) == [(first, None, 1)]
    assert await counts(database, wanted(without_application_id=APPLICATION)) == [(first, None, 1)]


async def test_a_series_says_what_it_covers(database: Database, journal: AnyJournal) -> None:
    await commit(journal, accepted_at(NOW_US))
    reader = MessageStatistics(database)
    waits = await reader.series(wanted())
    await roll(database)
    complete = await reader.series(wanted())
    assert waits is not None
    assert complete is not None
    assert waits.counts == []
    assert waits.complete_until < complete.complete_until
    assert complete.counted_since == waits.counted_since
    assert complete.counted_since < complete.complete_until


async def test_more_groups_than_an_answer_holds_are_refused(database: Database) -> None:
    row = {
        "resolution": int(Resolution.MINUTE),
        "starts_at": NOW_US,
        "tenant_id": TENANT,
        "application_id": APPLICATION,
        "accepted": 1,
    }
    rows = [row | {"event_type": f"type.{number}"} for number in range(POINTS_MAX + 1)]
    async with database.engine.begin() as connection:
        await connection.execute(insert(message_rollup), rows)
    reader = MessageStatistics(database)
    assert await reader.series(wanted(GroupBy.EVENT_TYPE)) is None
    assert await counts(database, wanted()) == [(from_micros(NOW_US), None, POINTS_MAX + 1)]


async def test_each_resolution_is_kept_for_its_time(
    database: Database, journal: AnyJournal
) -> None:
    ages_days = (0, 4, 40, 400)
    for age in ages_days:
        await commit(journal, accepted_at(NOW_US - age * DAY_MS * 1_000))
    await roll(database)
    kept = {Resolution.MINUTE: 3, Resolution.HOUR: 30, Resolution.DAY: 300}
    tasks = {"statistics": RollupRetention(message_rollup, kept)}
    assert await RetentionLoop(database, tasks).turn()
    found = {each: len(await rows_of(database, each)) for each in Resolution}
    assert found == {Resolution.MINUTE: 1, Resolution.HOUR: 2, Resolution.DAY: 3}


async def test_the_lag_grows_while_the_database_does_not_answer(database: Database) -> None:
    now_s = 0.0
    roller = Roller(database, counted_ledgers(database), every_s=0.01, clock_s=lambda: now_s)
    away = open_database("postgresql://nobody@127.0.0.1:1/nothing")
    roller._database = away
    with capture_logs() as lines:
        running = asyncio.create_task(roller.run())
        try:
            async with asyncio.timeout(30):
                while len(lines) < 2:
                    await asyncio.sleep(0.01)
                now_s = 1_000.0
                assert roller.lag_s == 1_000
                roller._database = database
                while roller.lag_s:
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.wait([running])
            await away.close()

    assert {line["event"] for line in lines} == {"statistics.waits"}
