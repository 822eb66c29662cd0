"""Settlement: closes a batch once all its chunks are settled."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from angarium_contracts.hot_path import DeliveriesSettled

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.fair_level import FairLevel
from angarium_gateway.domain.open_batches import OpenBatches

from .batch_store import BatchStore
from .relay import Relay

GATHER_S = 0.25
"""Wait for more settled batches before a deletion: one statement then deletes many rows, and the
hot path shares the database with few of them."""
RETRY_S = 0.5
CLOSED_AT_ONCE_MAX = 5_000

log = structlog.get_logger()


class Settlement:
    """Counts settled chunks and deletes the rows of settled batches, many at once.

    Deleting may be late or fail without harm. A batch whose row outlives its process is published
    again as `redelivered`; the workers find its deliveries on record and send nothing twice.
    """

    def __init__(
        self,
        window: OpenBatches,
        batches: BatchStore,
        relay: Relay,
        *,
        owner: str,
        clock_s: Callable[[], float],
        level: FairLevel,
    ) -> None:
        self._window = window
        self._batches = batches
        self._relay = relay
        self._owner = owner
        self._clock_s = clock_s
        self._level = level
        self._settled: list[bytes] = []
        self._some_settled = asyncio.Event()

    async def on_settled(self, entries: Sequence[DeliveriesSettled]) -> None:
        """Handle entries of this replica's `deliveries.settled`."""
        now_s = self._clock_s()
        for entry in entries:
            for chunk in entry.settled:
                if chunk.held_us is not None:
                    self._observe(chunk.batch_id, chunk.held_us / 1_000_000, now_s)
                if self._window.settle(
                    chunk.batch_id, chunk.publication, chunk.chunk, chunk.chunks, now_s
                ):
                    self._settled.append(chunk.batch_id)
        if self._settled:
            self._some_settled.set()
            self._relay.room_returned()

    def _observe(self, batch_id: bytes, held_s: float, now_s: float) -> None:
        """Tell the level how long the messages of a chunk have waited. The difference of two
        durations, each by one clock: the clocks of two hosts differ."""
        after_s = self._window.first_settlement_after_s(batch_id, now_s)
        if after_s is not None:
            self._level.observe(max(0.0, after_s - held_s))

    async def run(self) -> None:
        """Close settled batches until cancelled, and once more at the end: batches that stay open
        would be published again by the replica that adopts them."""
        try:
            while True:
                await self._some_settled.wait()
                await asyncio.sleep(GATHER_S)
                await self._close()
        finally:
            await self._close()

    async def _close(self) -> None:
        self._some_settled.clear()
        while self._settled:
            ids = self._settled[:CLOSED_AT_ONCE_MAX]
            try:
                await self._batches.close(self._owner, ids)
            except JournalUnavailable as error:
                log.warning("settlement.waits", error=str(error))
                self._some_settled.set()
                await asyncio.sleep(RETRY_S)
                return
            # Only now: what `on_settled` appended during the statement stays in the list.
            del self._settled[: len(ids)]
