"""Which attempts go with time, on both engines, and what a migration makes of them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partitions import DAY_MS, PartitionedTable
from angarium_chassis.retention import RetentionLoop, RetentionTask
from angarium_contracts.attempts import (
    AttemptFound,
    Attempts,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
)
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_contracts.retention import LegalHold, TenantRetention
from angarium_worker.adapters.database.attempt_bounds import CLOCKS_APART_MS, first_attempt_id
from angarium_worker.adapters.database.attempt_pages import AttemptPages
from angarium_worker.adapters.database.attempt_retention import (
    CancelledRetention,
    TenantAttemptRetention,
)
from angarium_worker.adapters.database.delivery_rows import attempt_values
from angarium_worker.adapters.database.held_attempts import AttemptRetention
from angarium_worker.adapters.database.schema import SCHEMA
from angarium_worker.adapters.database.tables import attempt, cancelled_delivery, endpoint_copy
from angarium_worker.adapters.destinations.webhook import failed_answer
from angarium_worker.application.ledger.records import AttemptRow, Ledger, Record
from sqlalchemy import insert, select, text

NOW_MS = time.time_ns() // 1_000_000
DAYS = 30
TENANT, ENDPOINT = b"t" * 16, b"e" * 16

type Rows = Callable[..., AttemptRow]


def id_at(days_ago: float) -> bytes:
    return lowest_id_at(int(NOW_MS - days_ago * DAY_MS))[:6] + os.urandom(10)


def at(make: Rows, days_ago: float, **more: object) -> AttemptRow:
    made = id_at(days_ago)
    return make(id=made, message_id=made, **more)


class Tenants:
    """Implements `TenantRetentions`."""

    def __init__(self, *found: TenantRetention) -> None:
        self.found: Sequence[TenantRetention] | None = found

    async def all(self) -> Sequence[TenantRetention] | None:
        return self.found


async def divide(database: Database, days_ago: int) -> None:
    """As if partitions had begun so long ago."""
    if not database.on_postgres:
        return
    bound = f"'\\x{lowest_id_at(NOW_MS - days_ago * DAY_MS).hex()}'"
    oldest = (await PartitionedTable(database.engine, "attempt").layout()).bounded[0]
    ranges = f"from (minvalue) to ({bound})", f"from ({bound}) to ('\\x{oldest.high.hex()}')"
    async with database.engine.begin() as connection:
        for statement in (
            "alter table attempt detach partition attempt_before",
            f"alter table attempt attach partition attempt_before for values {ranges[0]}",
            f"create table attempt_from_20000101 partition of attempt for values {ranges[1]}",
        ):
            await connection.exec_driver_sql(statement)


class Holds:
    """Implements `LegalHolds`."""

    def __init__(self, *found: LegalHold) -> None:
        self.found: list[LegalHold] | None = [*found]

    async def holds(self) -> list[LegalHold] | None:
        return self.found


async def turn(
    database: Database, tenants: Tenants | None = None, holds: Holds | None = None
) -> None:
    held = holds or Holds()
    tasks: dict[str, RetentionTask] = {
        "attempts": AttemptRetention(held, days=DAYS),
        "cancelled": CancelledRetention(held, days=DAYS),
        "tenants": TenantAttemptRetention(tenants or Tenants(), held, days=DAYS),
    }
    assert await RetentionLoop(database, tasks).turn()


async def ids_of(database: Database) -> set[bytes]:
    async with database.reading.connect() as connection:
        return {bytes(each) for each in await connection.scalars(select(attempt.c.id))}


async def put_cancelled(database: Database, *message_ids: bytes) -> None:
    rows = [
        {
            "message_id": each,
            "endpoint_id": ENDPOINT,
            "application_id": b"a" * 16,
            "tenant_id": TENANT,
            "event_type": "a.b",
            "reason": "disabled",
            "cancelled_at": 0,
        }
        for each in message_ids
    ]
    async with database.engine.begin() as connection:
        await connection.execute(insert(cancelled_delivery), rows)


async def cancelled_of(database: Database) -> set[bytes]:
    query = select(cancelled_delivery.c.message_id)
    async with database.reading.connect() as connection:
        return {bytes(each) for each in await connection.scalars(query)}


@pytest.mark.parametrize("application_id", [b"h" * 16, None])
async def test_what_a_legal_hold_keeps_stays(
    database: Database, ledger: Ledger, attempt_row: Rows, application_id: bytes | None
) -> None:
    await divide(database, 35)
    held = [at(attempt_row, 40 + n / 10, application_id=b"h" * 16) for n in range(3)]
    others = [at(attempt_row, 40, tenant_id=b"x" * 16, application_id=b"x" * 16) for _ in range(3)]
    await ledger.record([Record([*held, *others])])
    hold = LegalHold(held[0].tenant_id, application_id)
    shorter = Tenants(TenantRetention(held[0].tenant_id, 1))
    unknown = Holds()
    unknown.found = None

    await turn(database, shorter, unknown)
    assert len(await ids_of(database)) == 6
    await turn(database, shorter, Holds(hold))
    assert await ids_of(database) == {each.id for each in held}
    await turn(database)
    assert await ids_of(database) == set()


async def test_attempts_that_are_too_old_go_and_are_not_found(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await divide(database, 35)
    old = [at(attempt_row, 40 + n / 100) for n in range(450)]
    kept = [at(attempt_row, 29), at(attempt_row, 0)]
    await ledger.record([Record(old), Record(kept)])
    cancelled = id_at(29), id_at(0)
    await put_cancelled(database, *[id_at(31 + n / 100) for n in range(450)], *cancelled)

    await turn(database)

    assert await ids_of(database) == {each.id for each in kept}
    assert await cancelled_of(database) == set(cancelled)
    pages = AttemptPages(database, failed_answer)
    gone = await pages.answer(GetAttempt(message_id=old[0].message_id, attempt_id=old[0].id))
    assert isinstance(gone, Problem)
    assert gone.code is ProblemCode.NOT_FOUND
    none = await pages.answer(ListAttemptsByMessage(message_id=old[0].message_id, page=Page()))
    assert none == Attempts(items=(), done=True)
    found = await pages.answer(GetAttempt(message_id=kept[0].message_id, attempt_id=kept[0].id))
    assert isinstance(found, AttemptFound)
    of_endpoint = await pages.answer(ListAttemptsByEndpoint(endpoint_id=ENDPOINT, page=Page()))
    assert isinstance(of_endpoint, Attempts)
    assert [each.id for each in of_endpoint.items] == [kept[1].id, kept[0].id]


async def test_a_tenant_keeps_attempts_for_less_long(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(
            insert(endpoint_copy).values(
                id=ENDPOINT,
                tenant_id=TENANT,
                application_id=b"a" * 16,
                version=1,
                url="https://example.com",
                secrets=b"",
                disabled=False,
                deleted=True,
            )
        )
    old = [at(attempt_row, 6 + n / 100) for n in range(450)]
    others = at(attempt_row, 8, endpoint_id=b"f" * 16, tenant_id=b"u" * 16)
    kept = at(attempt_row, 4)
    await ledger.record([Record([*old, others, kept])])
    await put_cancelled(database, id_at(6))

    unknown = Tenants()
    unknown.found = None
    await turn(database, unknown)
    assert len(await ids_of(database)) == 452

    await turn(database, Tenants(TenantRetention(TENANT, 5), TenantRetention(b"u" * 16, 400)))
    assert await ids_of(database) == {others.id, kept.id}
    assert await cancelled_of(database) == set()

    # The period of a deleted tenant.
    await turn(database, Tenants(TenantRetention(TENANT, 0)))
    assert await ids_of(database) == {others.id}


async def test_nothing_is_lost_while_attempts_are_recorded(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    await divide(database, 35)
    await ledger.record([Record([at(attempt_row, 40) for _ in range(1_000)])])
    recorded: set[bytes] = set()
    stopped = asyncio.Event()

    async def record() -> None:
        while not stopped.is_set():
            rows = [at(attempt_row, 0) for _ in range(50)]
            await ledger.record([Record(rows)])
            recorded.update(each.id for each in rows)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(record())
        for _ in range(3):
            await turn(database)
        stopped.set()
    assert await ids_of(database) == recorded
    assert recorded


async def test_a_delivery_is_known_by_an_attempt_of_a_worker_whose_clock_is_behind(
    database: Database, ledger: Ledger, attempt_row: Rows
) -> None:
    message_id = id_at(0)
    behind = attempt_row(id=id_at(2 / 24), message_id=message_id)
    await ledger.record([Record([behind])])
    key = (message_id, ENDPOINT)
    assert await ledger.known([key]) == {key}
    question = ListAttemptsByMessage(message_id=message_id, page=Page())
    found = await AttemptPages(database, failed_answer).answer(question)
    assert isinstance(found, Attempts)
    assert [each.id for each in found.items] == [behind.id]


def test_attempts_lie_from_a_day_before_the_first_message_on() -> None:
    first, second = id_at(2), id_at(1)
    assert first_attempt_id([second, first]) == lowest_id_at(
        int.from_bytes(first[:6]) - CLOCKS_APART_MS
    )
    assert first_attempt_id([bytes(16)]) == first_attempt_id([]) == bytes(16)


@pytest.fixture
async def earlier(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url, connections_max=4)
    await SCHEMA.migrate(database, "0003")
    yield database
    await database.close()


async def test_a_migration_there_and_back_keeps_every_attempt(
    earlier: Database, attempt_row: Rows
) -> None:
    rows = [at(attempt_row, days) for days in range(100)]
    columns = [*AttemptRow._fields[:-2], "ended_at", "next_attempt_at"]
    async with earlier.engine.begin() as connection:
        await connection.execute(insert(attempt), [_without_exchange(columns, row) for row in rows])
    for revision in ("0004", "-1", "0004"):
        await SCHEMA.migrate(earlier, revision)
        assert await ids_of(earlier) == {each.id for each in rows}


def _without_exchange(columns: list[str], row: AttemptRow) -> dict[str, Any]:
    """The row of a schema that does not have the column yet."""
    values = dict(zip(columns, attempt_values(row), strict=True))
    del values["exchange"]
    return values


async def test_attempts_are_partitioned_by_time_with_their_indexes(postgres_url: str) -> None:
    database = open_database(postgres_url)
    await SCHEMA.migrate(database)
    query = "select pg_get_partkeydef('attempt'::regclass), indexdef from pg_indexes"
    async with database.reading.connect() as connection:
        found = (await connection.execute(text(f"{query} where tablename = 'attempt'"))).all()
    assert {row[0] for row in found} == {"RANGE (id)"}
    assert sorted(row[1].partition(" USING ")[2] for row in found) == [
        "btree (endpoint_id, id)",
        "btree (endpoint_id, id) WHERE (status = 2)",
        "btree (message_id, id)",
        "btree (recorded_in)",
        "btree (tenant_id, id) WHERE (status = 2)",
    ]
    await database.close()
