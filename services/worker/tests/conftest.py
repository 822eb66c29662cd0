"""Fixtures of the worker's suites."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_worker.adapters.database.postgres_ledger import PostgresLedger
from angarium_worker.adapters.database.sqlite_ledger import SqliteLedger
from angarium_worker.application.records import AttemptRow, PendingRow
from angarium_worker.main import SCHEMA

type MakeAttemptRow = Callable[..., AttemptRow]
type MakePendingRow = Callable[..., PendingRow]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of the worker; the test runs on both engines."""
    database = open_database(database_url, connections_max=4)
    await SCHEMA.migrate(database)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def new_id() -> Callable[[], bytes]:
    """Makes ids that sort in the order in which they were made."""
    numbers = count(1)
    return lambda: next(numbers).to_bytes(16)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[PostgresLedger | SqliteLedger]:
    """The ledger on that database."""
    ledger = PostgresLedger(database) if database.on_postgres else SqliteLedger(database)
    try:
        yield ledger
    finally:
        await ledger.close()


@pytest.fixture
def attempt_row(new_id: Callable[[], bytes]) -> MakeAttemptRow:
    """Makes rows of attempts; members by name."""

    def make(**members: Any) -> AttemptRow:
        row = AttemptRow(
            id=new_id(),
            message_id=b"m" * 16,
            endpoint_id=b"e" * 16,
            application_id=b"a" * 16,
            tenant_id=b"t" * 16,
            event_type="invoice.paid",
            url="https://example.com/hook",
            number=1,
            status=0,
            trigger=0,
            response_status=200,
            response=b"ok",
            duration_ms=12,
            failure=None,
            ended_at_us=1_700_000_000_000_000,
            retry_in_us=None,
        )
        return row._replace(**members)

    return make


@pytest.fixture
def pending_row() -> MakePendingRow:
    """Makes rows of pending deliveries, due at once; members by name."""

    def make(**members: Any) -> PendingRow:
        row = PendingRow(
            message_id=b"m" * 16,
            endpoint_id=b"e" * 16,
            application_id=b"a" * 16,
            tenant_id=b"t" * 16,
            event_type="invoice.paid",
            payload=b'{"paid":true}',
            endpoint_version=7,
            attempts_made=1,
            fence=0,
            due_in_us=0,
        )
        return row._replace(**members)

    return make
