"""A worker's ports to the gateway."""

from collections.abc import Callable, Sequence

from angarium_worker.adapters.streams.chunks import (
    WRITE_FEW_UNITS,
    WRITE_LONG_PAUSE_S,
    WRITE_PAUSE_S,
    WRITE_PAUSE_UNITS_MAX,
)
from angarium_worker.application.delivery.chunk import Chunk
from angarium_worker.application.lanes.lane_context import Confirmed
from angarium_worker.application.ledger.retrying_commit import RetryingGroupCommit

from .gateway_model import GatewayModel
from .messages import Entry
from .processes import Process


class OrderLink:
    """Implements `Order` for one process, as `MessageOrder` does."""

    def __init__(self, process: Process, gateway: GatewayModel) -> None:
        self._process = process
        self._gateway = gateway

    async def confirm(
        self, application_id: bytes, after: bytes, kept_for: bytes | None
    ) -> Confirmed | None:
        try:
            first_open, newest = await self._gateway.questions.call(
                self._process, lambda: self._gateway.first_open(application_id, after)
            )
        except ConnectionError:
            return None
        if first_open is not None:
            before = (int.from_bytes(first_open) - 1).to_bytes(16)
            return Confirmed(max(after, before), first_open)
        return Confirmed(newest or after, newest or after)


class SettlementLink:
    """Implements `Settlement` for one process, as `ChunkSettlement` does."""

    def __init__(self, process: Process, gateway: GatewayModel) -> None:
        self._process = process
        self._gateway = gateway
        self.commits: RetryingGroupCommit[Entry, None] = RetryingGroupCommit(
            "settle",
            self._write,
            items_max=500,
            bytes_max=1_000_000,
            pause_s=WRITE_PAUSE_S,
            pause_bytes_max=WRITE_PAUSE_UNITS_MAX,
            long_pause_s=WRITE_LONG_PAUSE_S,
            few_bytes=WRITE_FEW_UNITS,
        )

    def settled(self, chunk: Chunk[Entry], done: Callable[[], None], *, awaited: bool) -> None:
        pause_s = WRITE_PAUSE_S if awaited else None
        self.commits.submit(chunk.receipt, 1, lambda _: done(), pause_s=pause_s)

    def refused(self, chunk: Chunk[Entry]) -> None:
        raise AssertionError("no row is ever refused")

    async def _write(self, entries: Sequence[Entry]) -> Sequence[None]:
        await self._gateway.stream.call(self._process, lambda: self._gateway.settle(entries))
        return [None] * len(entries)
