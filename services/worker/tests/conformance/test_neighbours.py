"""Acts on one delivery change no other of the same message or endpoint, on both engines."""

from collections.abc import Callable
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.tables import cancelled_delivery, pending_delivery
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.application.ledger.records import Ledger, Record
from angarium_worker.domain.delivery import Delivery, DeliveryKey
from sqlalchemy import select

from ..outcomes import settled

type Rows = Callable[..., Any]

HOUR_US = 3_600_000_000
LEASE_S = 60.0
MESSAGES = (b"l" * 16, b"m" * 16, b"n" * 16)
ENDPOINTS = (b"d" * 16, b"e" * 16, b"f" * 16)
KEYS = {(message_id, endpoint_id) for message_id in MESSAGES for endpoint_id in ENDPOINTS}
CHOSEN = (b"m" * 16, b"e" * 16)
OF_MESSAGE = {key for key in KEYS if key[0] == CHOSEN[0]}
OF_ENDPOINT = {key for key in KEYS if key[1] == CHOSEN[1]}


class Grid:
    """Deliveries of three messages at three endpoints each, of which the one in the middle is
    due."""

    def __init__(self, database: Database, ledger: Ledger, manual_ledger: ManualLedger) -> None:
        self.database = database
        self.ledger = ledger
        self.manual_ledger = manual_ledger
        self.rows: dict[DeliveryKey, Any] = {}

    async def put(self, pending_row: Rows) -> None:
        rows = [
            pending_row(message_id=key[0], endpoint_id=key[1], due_in_us=(key != CHOSEN) * HOUR_US)
            for key in sorted(KEYS)
        ]
        await self.ledger.record([Record((), rows)])
        self.rows = await self.read(pending_delivery)

    async def read(self, table: Any) -> dict[DeliveryKey, Any]:
        async with self.database.engine.connect() as connection:
            rows = (await connection.execute(select(table))).all()
        return {(bytes(row.message_id), bytes(row.endpoint_id)): row for row in rows}

    async def changed(self) -> set[DeliveryKey]:
        """Those that are gone or another since the last look."""
        before, self.rows = self.rows, await self.read(pending_delivery)
        return {key for key, row in before.items() if self.rows.get(key) != row}

    async def lease(self) -> Delivery:
        (due,) = await self.ledger.lease_due(rows_max=9, bytes_max=1_000_000, lease_s=LEASE_S)
        return due

    async def cancel(self, message_id: bytes | None, endpoint_id: bytes | None) -> int:
        count = await self.manual_ledger.cancel(
            message_id=message_id,
            endpoint_id=endpoint_id,
            reason="not wanted",
            by_hand=True,
            rows_max=100,
            lease_s=LEASE_S,
        )
        return count.ended + count.marked


@pytest.fixture
async def grid(
    database: Database, ledger: Ledger, manual_ledger: ManualLedger, pending_row: Rows
) -> Grid:
    made = Grid(database, ledger, manual_ledger)
    await made.put(pending_row)
    return made


async def test_a_lease_and_its_release_concern_one_delivery(grid: Grid) -> None:
    due = await grid.lease()
    assert due.key == CHOSEN
    assert await grid.changed() == {CHOSEN}
    await grid.ledger.release([due])
    assert await grid.changed() == {CHOSEN}
    assert (await grid.lease()).key == CHOSEN


async def test_an_outcome_concerns_one_delivery(grid: Grid, attempt_row: Rows) -> None:
    due = await grid.lease()
    failed = attempt_row(message_id=CHOSEN[0], endpoint_id=CHOSEN[1], number=2, status=2)
    await grid.ledger.record([Record(leased=[settled(due, 0, 2, failed)])])
    assert await grid.changed() == {CHOSEN}
    due = await grid.lease()
    await grid.changed()
    ended = attempt_row(message_id=CHOSEN[0], endpoint_id=CHOSEN[1], number=3)
    held = await grid.ledger.record([Record(leased=[settled(due, None, 3, ended)])])
    assert held == {CHOSEN}
    assert await grid.changed() == {CHOSEN}
    assert set(grid.rows) == KEYS - {CHOSEN}


async def test_an_outcome_under_a_fence_that_has_passed_concerns_none(
    grid: Grid, attempt_row: Rows
) -> None:
    due = await grid.lease()
    await grid.changed()
    for fence in (-1, 1):
        late = due._replace(fence=(due.fence or 0) + fence)
        row = attempt_row(message_id=CHOSEN[0], endpoint_id=CHOSEN[1], number=2)
        for due_in_us in (None, 0):
            record = Record(leased=[settled(late, due_in_us, 2, row)])
            assert await grid.ledger.record([record]) == frozenset()
        await grid.ledger.release([late])
    assert await grid.changed() == set()


async def test_an_endpoint_is_expedited_alone(grid: Grid) -> None:
    await grid.ledger.expedite(CHOSEN[1], beyond_s=60.0)
    assert await grid.changed() == OF_ENDPOINT - {CHOSEN}


async def test_a_delivery_is_resent_alone(grid: Grid, pending_row: Rows) -> None:
    resent = pending_row(message_id=MESSAGES[0], endpoint_id=CHOSEN[1])
    assert await grid.manual_ledger.resend([resent], only_missing=True) == 0
    assert await grid.changed() == set()
    assert await grid.manual_ledger.resend([resent], only_missing=False) == 1
    assert await grid.changed() == {resent.key}


@pytest.mark.parametrize(
    ("message_id", "endpoint_id", "ended"),
    [
        (CHOSEN[0], None, OF_MESSAGE),
        (None, CHOSEN[1], OF_ENDPOINT),
        (CHOSEN[0], CHOSEN[1], {CHOSEN}),
        (None, None, set()),
    ],
)
async def test_what_is_cancelled_is_what_was_named(
    grid: Grid, message_id: bytes | None, endpoint_id: bytes | None, ended: set[DeliveryKey]
) -> None:
    assert await grid.cancel(message_id, endpoint_id) == len(ended)
    assert await grid.changed() == ended
    assert set(await grid.read(cancelled_delivery)) == ended
    assert set(grid.rows) == KEYS - ended


async def test_of_cancelled_deliveries_one_is_resent(grid: Grid, pending_row: Rows) -> None:
    for message_id in MESSAGES:
        await grid.cancel(message_id, None)
    resent = pending_row(message_id=CHOSEN[0], endpoint_id=CHOSEN[1])
    assert await grid.manual_ledger.resend([resent], only_missing=True) == 0
    assert await grid.manual_ledger.resend([resent], only_missing=False) == 1
    assert set(await grid.read(pending_delivery)) == {CHOSEN}
    assert set(await grid.read(cancelled_delivery)) == KEYS - {CHOSEN}
