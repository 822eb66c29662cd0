"""The account of failing endpoints, and the outbox: one suite over both engines."""

import asyncio
from collections.abc import Callable

import pytest
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.operational import ATTEMPT_FAILING, OperationalEvent
from angarium_worker.adapters.database.health_rows import HealthTable
from angarium_worker.adapters.database.outbox_rows import OutboxTable
from angarium_worker.adapters.database.tables import operational_event
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from angarium_worker.domain.endpoint_health import FailureRun
from sqlalchemy import insert

ENDPOINT = b"e" * 16
NOON_US = 1_767_355_200_000_000
MINUTE_US = 60_000_000
ROW = HealthRow(ENDPOINT, b"t" * 16, b"a" * 16, 3, NOON_US, NOON_US)

type MakeAttempt = Callable[..., AttemptRow]


@pytest.fixture
def rows(database: Database) -> HealthTable:
    return HealthTable(database, attempts_per_read=3)


async def test_a_saved_row_comes_back(rows: HealthTable) -> None:
    other = ROW._replace(endpoint_id=b"d" * 16, last_failure_us=NOON_US + 1)
    assert sorted(await rows.save([ROW, other], [])) == [other, ROW]
    assert await rows.load(10) == [other, ROW]
    assert await rows.load(1) == [other]


async def test_the_first_failure_stays_and_the_latest_moves(rows: HealthTable) -> None:
    await rows.save([ROW], [])
    later = ROW._replace(failing_since_us=NOON_US + 9, last_failure_us=NOON_US + 9)
    expected = ROW._replace(last_failure_us=NOON_US + 9)
    assert await rows.save([later], []) == [expected]
    assert await rows.save([ROW], []) == [expected]


async def test_a_newer_version_begins_anew_and_an_older_changes_nothing(rows: HealthTable) -> None:
    newer = ROW._replace(version=4, failing_since_us=NOON_US + 5, last_failure_us=NOON_US + 5)
    await rows.save([ROW], [])
    assert await rows.save([newer], []) == [newer]
    assert await rows.save([ROW], []) == [newer]


async def test_what_has_recovered_goes_before_what_fails_is_written(rows: HealthTable) -> None:
    await rows.save([ROW], [])
    later = ROW._replace(failing_since_us=NOON_US + 9, last_failure_us=NOON_US + 9)
    assert await rows.save([later], [ENDPOINT, b"x" * 16]) == [later]
    assert await rows.save([], [ENDPOINT]) == []
    assert await rows.load(10) == []


async def test_many_workers_save_the_same_endpoints_at_once(rows: HealthTable) -> None:
    many = [ROW._replace(endpoint_id=bytes([n]) * 16) for n in range(100)]
    gone = [row.endpoint_id for row in many[:50]]
    await asyncio.gather(*[rows.save(many[::step], gone[::step]) for step in (1, -1, 1, -1)])
    assert len(await rows.load(200)) == 100


@pytest.fixture
async def attempts(ledger: Ledger, attempt_row: MakeAttempt) -> Callable[..., object]:
    async def record(*successes: bool) -> None:
        """Attempts a minute apart from noon on."""
        made = []
        for minute, succeeded in enumerate(successes):
            at_us = NOON_US + minute * MINUTE_US
            made.append(
                attempt_row(
                    id=lowest_id_at(at_us // 1_000)[:15] + b"\x01",
                    status=0 if succeeded else 2,
                    ended_at_us=at_us,
                )
            )
        other = attempt_row(id=b"\xfe" * 16, endpoint_id=b"f" * 16, ended_at_us=NOON_US)
        await ledger.record([Record([*made, other])])

    return record


@pytest.mark.parametrize(
    ("history", "since_minute", "expected"),
    [
        ("----------", 0, (0, 9, 10)),
        ("----------", 4, (4, 9, 6)),
        ("----+-----", 0, (5, 9, 5)),
        ("+--------", 0, (1, 8, 8)),
        ("+----+----+", 0, None),
        ("-+-+-", 0, (4, 4, 1)),
        ("", 0, None),
    ],
)
async def test_the_run_of_failures_is_read_from_the_attempts(
    rows: HealthTable,
    attempts: Callable[..., object],
    history: str,
    since_minute: int,
    expected: tuple[int, int, int] | None,
) -> None:
    await attempts(*[sign == "+" for sign in history])  # type: ignore[misc]
    run = None
    if expected is not None:
        since, last, failures = expected
        run = FailureRun(NOON_US + since * MINUTE_US, NOON_US + last * MINUTE_US, failures)
    assert await rows.failures_since(ENDPOINT, NOON_US + since_minute * MINUTE_US) == run


async def test_events_wait_in_the_outbox_oldest_first_until_they_are_deleted(
    database: Database,
) -> None:
    outbox = OutboxTable(database)
    events = [
        OperationalEvent(
            id=bytes([number]) * 16,
            type=ATTEMPT_FAILING,
            tenant_id=b"t" * 16,
            application_id=b"a" * 16,
            endpoint_id=ENDPOINT,
            message_id=b"m" * 16,
            attempt_id=b"n" * 16,
            response_status=503,
            attempted_at=from_micros(NOON_US + number),
        )
        for number in (2, 1, 3)
    ]
    columns = ("id", "type", "tenant_id", "application_id", "endpoint_id", "message_id")
    values = [
        {name: getattr(event, name) for name in columns}
        | {"attempt_id": b"n" * 16, "response_status": 503, "attempted_at": NOON_US + event.id[0]}
        for event in events
    ]
    async with database.engine.begin() as connection:
        await connection.execute(insert(operational_event), values)
    assert await outbox.read(2) == [events[1], events[0]]
    await outbox.delete([events[0].id, events[1].id, b"x" * 16])
    assert await outbox.read(2) == [events[2]]
