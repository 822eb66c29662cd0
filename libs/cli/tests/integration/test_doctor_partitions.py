"""The doctor on partitions by time: of databases as migrated, and as neglect leaves them."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.examination.database_checks import (
    PartitionState,
    judge_partitions,
    partitioned_tables,
    read_partitions,
)
from angarium_chassis.examination.findings import Finding, Level
from angarium_chassis.retention import RetentionLoop
from angarium_cli.doctor.checkup import Checkup
from angarium_cli.installation import Installation
from angarium_cli.services import SERVICES, ServiceName, examination_of
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.retention_tasks import retention_tasks

from .platform_rows import Platform

type Look = Callable[[ServiceName], Awaitable[list[Finding]]]
ON_POSTGRES = pytest.mark.parametrize("new_url", ["postgres"], indirect=True)
WELL = PartitionState("message", DAY_MS, DAY_MS * 5, has_default=True, in_default=0)


@pytest.fixture
def look(platform: Platform) -> Look:
    async def findings(service: ServiceName) -> list[Finding]:
        states = await read_partitions(examination_of(service).SCHEMA, platform.databases[service])
        return judge_partitions(service, states)

    return findings


@pytest.fixture
def on_postgres(platform: Platform) -> bool:
    return platform.databases["gateway"].on_postgres


async def lose_partitions(database: Database, table: str, *, days_left: int) -> None:
    """As if nobody had made any for long: those that begin so many days from now are not there."""
    until = lowest_id_at(time.time_ns() // 1_000_000 // DAY_MS * DAY_MS + days_left * DAY_MS)
    partitions = PartitionedTable(database.engine, table)
    layout = await partitions.layout()
    for each in layout.bounded:
        if each.high > until:
            await partitions.drop(each)
    if layout.bounded[0].high > until:
        async with database.engine.begin() as connection:
            bounds = f"for values from (minvalue) to ('\\x{until.hex()}')"
            await connection.exec_driver_sql(
                f'create table "{table}_before" partition of "{table}" {bounds}'
            )


def test_the_tables_are_those_that_their_services_declare_so() -> None:
    found = [partitioned_tables(examination_of(service).SCHEMA) for service in SERVICES]
    assert found == [["audit_entry", "message", "message_term"], [], ["attempt"]]


async def test_as_migrated_all_is_well_and_on_sqlite_there_is_nothing_to_look_at(
    look: Look, on_postgres: bool
) -> None:
    for service in SERVICES:
        found = await look(service)

        partitioned = on_postgres and service != "dispatcher"
        assert [each.level for each in found] == [Level.OK] * partitioned


@ON_POSTGRES
async def test_partitions_that_end_soon_are_told_until_retention_makes_more(
    platform: Platform, look: Look
) -> None:
    gateway = platform.databases["gateway"]
    await lose_partitions(gateway, "message", days_left=2)

    (found,) = await look("gateway")
    assert found.level is Level.WARNING
    assert found.sentence.startswith("Table message has partitions for ")
    assert "retention.failed" in (found.remedy or "")

    kept = retention_tasks(gateway, message_days=90, audit_days=365, key_life_s=60)
    await RetentionLoop(gateway, kept).turn()
    assert [each.level for each in await look("gateway")] == [Level.OK]


@ON_POSTGRES
async def test_rows_that_went_to_the_default_are_told(platform: Platform, look: Look) -> None:
    await lose_partitions(platform.databases["worker"], "attempt", days_left=0)
    for _ in range(2):
        await platform.add_attempt(lowest_id_at(1))

    none_for_now, in_default = await look("worker")

    assert none_for_now.level is in_default.level is Level.WARNING
    assert "new rows go to the default partition" in none_for_now.sentence
    assert "holds 2 rows" in in_default.sentence
    assert "clocks" in (in_default.remedy or "")


@ON_POSTGRES
async def test_without_a_default_rows_are_refused_and_that_is_a_problem(
    platform: Platform, look: Look
) -> None:
    gateway = platform.databases["gateway"]
    async with gateway.engine.begin() as connection:
        await connection.exec_driver_sql("drop table message_default")
    (found,) = await look("gateway")
    assert (found.level, found.sentence) == (
        Level.WARNING,
        "Table message has no default partition: ids of wrong clocks are refused.",
    )

    await lose_partitions(gateway, "message", days_left=0)
    (found,) = await look("gateway")
    assert found.level is Level.PROBLEM
    assert "rows are refused" in found.sentence


async def test_an_examination_tells_of_partitions(platform: Platform, on_postgres: bool) -> None:
    environments = {
        service: {
            "ANGARIUM_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "ANGARIUM_REDIS_URL": "redis://127.0.0.1:1/0",
            "ANGARIUM_ENCRYPTION_KEY": "A" * 43 + "=",
        }
        for service, database in platform.databases.items()
    }
    examination = Checkup(
        Installation("a test", environments), older_than_s=300, on_check=lambda _: None
    )

    found = {each.subject: each.level for each in await examination.run()}

    told = [subject for subject in found if subject.endswith("partitions")]
    assert told == (["gateway partitions", "worker partitions"] if on_postgres else [])
    assert {found[subject] for subject in told} <= {Level.OK}


@pytest.mark.parametrize(
    ("ahead_days", "levels"),
    [(3.0, [Level.OK]), (2.0, [Level.OK]), (1.9, [Level.WARNING]), (0.0, [Level.WARNING])],
)
def test_two_days_ahead_are_enough(ahead_days: float, levels: list[Level]) -> None:
    state = replace(WELL, until_ms=WELL.now_ms + int(ahead_days * DAY_MS))

    assert [each.level for each in judge_partitions("gateway", [state])] == levels


def test_rows_are_counted_up_to_a_bound() -> None:
    (found,) = judge_partitions("gateway", [replace(WELL, in_default=10_000)])

    assert "holds at least 10,000 rows" in found.sentence
