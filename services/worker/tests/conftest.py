"""Fixtures of the worker's suites."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.schema import Schema
from angarium_worker.adapters.database.postgres.lanes import PostgresLanes
from angarium_worker.adapters.database.postgres.ledger import PostgresLedger
from angarium_worker.adapters.database.postgres.manual_ledger import PostgresManualLedger
from angarium_worker.adapters.database.schema import SCHEMA
from angarium_worker.adapters.database.sqlite.lanes import SqliteLanes
from angarium_worker.adapters.database.sqlite.ledger import SqliteLedger
from angarium_worker.adapters.database.sqlite.manual_ledger import SqliteManualLedger
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    Destinations,
    SubmittedAttempt,
)
from angarium_worker.application.ledger.records import (
    AttemptRow,
    EventRow,
    Record,
    RecordRefused,
    Settled,
    StorageDown,
)
from angarium_worker.domain.delivery import Delivery, DeliveryKey, DeliveryState

type MakeAttemptRow = Callable[..., AttemptRow]
type MakePendingRow = Callable[..., Delivery]


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The worker's."""
    return SCHEMA


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of the worker; the test runs on both engines."""
    database = open_database(migrated_url, connections_max=4)
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
def lanes(database: Database) -> PostgresLanes | SqliteLanes:
    """The lanes on that database."""
    return PostgresLanes(database) if database.on_postgres else SqliteLanes(database)


@pytest.fixture
def manual_ledger(database: Database) -> PostgresManualLedger | SqliteManualLedger:
    """The manual ledger on that database; no worker holds a delivery for longer than a minute."""
    of_engine = PostgresManualLedger if database.on_postgres else SqliteManualLedger
    return of_engine(database, lease_s=60.0)


@pytest.fixture
def attempt_row(new_id: Callable[[], bytes]) -> MakeAttemptRow:
    """Makes rows of attempts; members by name."""

    def make(**members: Any) -> AttemptRow:
        row = AttemptRow(
            # Later than any message's: no attempt is older than its message.
            id=b"\xf0" + new_id()[1:],
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
            channels=(),
            timings=None,
            exchange=None,
            ended_at_us=1_700_000_000_000_000,
            retry_in_us=None,
        )
        return row._replace(**members)

    return make


@pytest.fixture
def pending_row() -> MakePendingRow:
    """Makes rows of pending deliveries, due at once; members by name."""

    def make(**members: Any) -> Delivery:
        row = Delivery(
            message_id=b"m" * 16,
            endpoint_id=b"e" * 16,
            application_id=b"a" * 16,
            tenant_id=b"t" * 16,
            event_type="invoice.paid",
            payload=b'{"paid":true}',
            endpoint_version=7,
            attempts_made=1,
            channels=(),
            trace=None,
            trigger=0,
            retry_delays_s=None,
            weight=1,
            lane=None,
            fence=None,
            due_in_us=0,
        )
        return row._replace(**members)

    return make


class Changes:
    """Lets a test wait until something that it watches is so."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def happened(self) -> None:
        self._event.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self._event.clear()
                await self._event.wait()


@dataclass
class FakeLedger:
    """Implements `Ledger` in memory. `down`: it cannot be used; `refuses`: it will never take
    attempts at these URLs. Due times are in microseconds of `now_us`, which the test moves."""

    changes: Changes
    attempts: list[AttemptRow] = field(default_factory=list)
    pending: dict[DeliveryKey, Delivery] = field(default_factory=dict)
    due_at: dict[DeliveryKey, int] = field(default_factory=dict)
    cancelled: list[Delivery] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    cancel_marks: dict[DeliveryKey, str] = field(default_factory=dict)
    expedited: list[tuple[bytes, float]] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    released: list[Delivery] = field(default_factory=list)
    looked_up: int = 0
    now_us: int = 0
    down: bool = False

    def _check(self) -> None:
        self.changes.happened()
        if self.down:
            raise StorageDown("down")

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        self._check()
        if any(row.url in self.refuses for record in records for row in record.attempts):
            raise RecordRefused("no")
        self.groups.append(len(records))
        held = set()
        for record in records:
            self.attempts += record.attempts
            self.cancelled += record.cancelled
            self.events += record.events
            for row in record.pending:
                self.pending.setdefault(row[:2], row)
                self.due_at.setdefault(row[:2], self.now_us + row.due_in_us)
            held |= {each.delivery.key for each in record.leased if self._settle(each)}
        return frozenset(held)

    def _settle(self, settled: Settled) -> bool:
        key = settled.delivery.key
        row = self.pending.get(key)
        if row is None or row.fence is None or row.fence != settled.delivery.fence:
            return False
        if settled.attempt is not None:
            self.attempts.append(settled.attempt)
        if settled.event is not None:
            self.events.append(settled.event)
        if settled.state is DeliveryState.CANCELLED:
            self.cancelled.append(settled.delivery)
        if settled.ends:
            del self.pending[key], self.due_at[key]
            return True
        self.due_at[key] = self.now_us + settled.delivery.due_in_us
        self.pending[key] = settled.delivery._replace(fence=row.fence + 1)
        return True

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        self._check()
        self.looked_up += 1
        tried = {(row.message_id, row.endpoint_id) for row in self.attempts}
        tried |= {row.key for row in self.cancelled}
        return frozenset(key for key in keys if key in tried or key in self.pending)

    async def lease_due(self, *, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        self._check()
        due = sorted(
            key
            for key, at_us in self.due_at.items()
            if at_us <= self.now_us and self.pending[key].lane is None
        )
        leased = []
        for key in due[:rows_max]:
            row = self.pending[key]
            row = self.pending[key] = row._replace(fence=(row.fence or 0) + 1)
            self.due_at[key] = self.now_us + int(lease_s * 1_000_000)
            leased.append(row._replace(cancelled=self.cancel_marks.get(key)))
        return leased

    async def release(self, leased: Sequence[Delivery]) -> None:
        self._check()
        self.released += leased

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        self._check()
        self.expedited.append((endpoint_id, beyond_s))
        for key, at_us in self.due_at.items():
            if key[1] == endpoint_id and at_us > self.now_us + beyond_s * 1e6:
                self.due_at[key] = self.now_us

    async def next_due_in_s(self) -> float | None:
        self._check()
        timed = [at_us for key, at_us in self.due_at.items() if self.pending[key].lane is None]
        return (min(timed) - self.now_us) / 1e6 if timed else None


class FakeDestination:
    """Implements `Destination` for suites that prepare endpoints and send nothing."""

    def prepare(self, options: DestinationOptions) -> DestinationOptions:
        return options

    def submit(self, prepared: DestinationOptions, *_: Any) -> SubmittedAttempt:
        raise AssertionError(f"nothing is sent here: {prepared}")


@pytest.fixture
def fakes() -> SimpleNamespace:
    """`Changes`, `FakeLedger` and `destinations`, for suites without engines."""
    return SimpleNamespace(
        Changes=Changes,
        FakeLedger=FakeLedger,
        destinations=lambda: Destinations(FakeDestination()),
    )
