"""Counts the rows of a service's ledgers into its roll-ups, in the background.

In one transaction, the roller counts the rows between a ledger's position and the horizon, adds the
counts to the roll-ups, and moves the position. So every row is counted exactly once, whenever a
process is killed. One process at a time holds the positions; the others find them locked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_chassis.database.engine import CONNECTION_ERRORS, Database

from .recording_order import Horizon, RecordingOrder
from .rollup_table import Counts, Key, RollupTable

ROWS_MAX: Final = 10_000
"""Rows that one transaction counts."""
REST_S: Final = 0.02
"""The pause between two transactions of a turn."""
SLICES_MAX: Final = 10_000

log = structlog.get_logger()

type CountRows = Callable[
    [AsyncConnection, ColumnElement[bool], RollupTable], Awaitable[Mapping[Key, Counts]]
]
"""Counts the rows of a ledger that fulfil a condition, by minute and key."""


@dataclass(frozen=True, slots=True)
class CountedLedger:
    """A ledger with its order, and the roll-ups that it is counted into."""

    order: RecordingOrder
    rollups: RollupTable
    count: CountRows


class Roller:
    """Keeps the roll-ups of one service up to date.

    `lag_s` is the age of the newest moment before which everything is counted; 0 when nothing
    waits. While the database does not answer, it grows: nobody knows that nothing waits. `then`
    ends a turn of `run`: what else is kept of the rows that are counted.
    """

    def __init__(
        self,
        database: Database,
        ledgers: Sequence[CountedLedger],
        *,
        every_s: float,
        rows_max: int = ROWS_MAX,
        clock_s: Callable[[], float] = time.monotonic,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._then = then
        self._ledgers = ledgers
        self._every_s = every_s
        self._rows_max = rows_max
        self._clock_s = clock_s
        self._lags_s: dict[str, float] = {}
        self._failing_since_s: float | None = None

    @property
    def lag_s(self) -> float:
        """See the class; as of this process's latest turn."""
        lag_s = max(self._lags_s.values(), default=0.0)
        if self._failing_since_s is None:
            return lag_s
        return lag_s + self._clock_s() - self._failing_since_s

    async def run(self) -> None:
        """Take a turn every `every_s` until cancelled; with 0, do nothing."""
        while self._every_s:
            try:
                await self.turn()
                self._failing_since_s = None
                if self._then is not None:
                    await self._then()
            except CONNECTION_ERRORS as error:
                log.warning("statistics.waits", error=type(error).__name__)
                if self._failing_since_s is None:
                    self._failing_since_s = self._clock_s()
            await asyncio.sleep(self._every_s)

    async def turn(self) -> None:
        """Count everything that was recorded. Raises the errors in `CONNECTION_ERRORS`."""
        for ledger in self._ledgers:
            for _ in range(SLICES_MAX):
                if not await self.count_slice(ledger):
                    break
                await asyncio.sleep(REST_S)

    async def count_slice(self, ledger: CountedLedger) -> bool:
        """Count the next rows of a ledger. Returns whether there are more."""
        if not await self._has_rows(ledger):
            return False
        order, positions = ledger.order, ledger.order.positions
        async with self._database.engine.begin() as connection:
            # Before the lock, which gives this transaction a number of its own.
            numbered = await order.horizon(connection, 0)
            held = await self._hold(connection, order)
            if held is None:
                return False
            horizon, first = numbered.shifted(held.shift), held.position
            end = await order.slice_end(connection, first, horizon.end, rows_max=self._rows_max)
            if end <= first:
                return False
            counts = await ledger.count(connection, order.within(first, end), ledger.rollups)
            await ledger.rollups.add(connection, counts)
            await connection.execute(
                update(positions)
                .where(positions.c.ledger == order.ledger.name)
                .values(position=end, **_completeness(held, horizon, end))
            )
        return end < horizon.end

    async def _hold(self, connection: AsyncConnection, order: RecordingOrder) -> Any:
        """Lock the positions of all ledgers, as they are counted into the same rows. Returns that
        of `order`, or None while another process has one of them."""
        held = {row.ledger: row for row in (await connection.execute(order.held)).all()}
        return held.get(order.ledger.name) if len(held) >= len(self._ledgers) else None

    async def _has_rows(self, ledger: CountedLedger) -> bool:
        order = ledger.order
        async with self._database.reading.connect() as connection:
            stored: Any = (await connection.execute(order.stored)).one()
            now_us = (await order.horizon(connection, stored.shift)).now_us
            waits = await order.waits(connection, stored.position)
        lag_s = max(0, now_us - stored.complete_at) / 1_000_000 if waits else 0.0
        self._lags_s[order.ledger.name] = lag_s
        return waits


def _completeness(held: Any, horizon: Horizon, end: int) -> dict[str, int]:
    if end >= horizon.next:
        return {"complete_at": horizon.now_us}
    if end >= held.mark:
        # Everything recorded before the mark was set had a lower number than the mark.
        complete_at = max(held.complete_at, held.marked_at)
        return {"complete_at": complete_at, "mark": horizon.next, "marked_at": horizon.now_us}
    return {}
