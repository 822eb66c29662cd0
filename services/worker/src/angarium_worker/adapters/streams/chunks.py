"""Reading chunks from the stream, and publishing that they are settled."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

import structlog
from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication, StreamWriter
from angarium_contracts.hot_path import DeliveriesRequested, DeliveriesSettled, SettledChunk

from angarium_worker.application.delivery.chunk import Chunk
from angarium_worker.application.delivery.deliver_chunk import DeliverChunk
from angarium_worker.application.ledger.retrying_commit import RetryingGroupCommit

SETTLED_ENTRIES_MAX = 100_000
SETTLED_EXPIRES_S = 3_600
CHUNKS_PER_WRITE_MAX = 500
WRITE_PAUSE_S = 0.025
UNIT_BYTES = 4 * 1024
WRITE_PAUSE_UNITS_MAX = 64
"""The pause ends once so much is settled, as it takes room in the gateway's window: a chunk is one
unit, and one more for each `UNIT_BYTES` of its payloads."""
WRITE_LONG_PAUSE_S = 0.25
WRITE_FEW_UNITS = 16
"""While fewer units are settled, the pause is the long one, unless somebody waits for a chunk:
every write makes an entry for each gateway that one of its chunks came from."""

log = structlog.get_logger()

type Entry = Received[DeliveriesRequested]


class ChunkSettlement:
    """Implements `Settlement`: one `deliveries.settled` entry for each gateway process and
    group of chunks, in the same transaction as the acknowledgements. `run()` until cancelled."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._commits = RetryingGroupCommit(
            "settle",
            self._write,
            items_max=CHUNKS_PER_WRITE_MAX,
            bytes_max=1_000_000,
            pause_s=WRITE_PAUSE_S,
            pause_bytes_max=WRITE_PAUSE_UNITS_MAX,
            long_pause_s=WRITE_LONG_PAUSE_S,
            few_bytes=WRITE_FEW_UNITS,
        )

    async def run(self) -> None:
        """Settle until cancelled, and then what waits."""
        await self._commits.run()

    def settled(self, chunk: Chunk[Entry], done: Callable[[], None], *, awaited: bool) -> None:
        """See `Settlement`."""
        units = 1 + chunk.payload_bytes // UNIT_BYTES
        pause_s = WRITE_PAUSE_S if awaited else None
        self._commits.submit(chunk, units, lambda _: done(), pause_s=pause_s)

    def refused(self, chunk: Chunk[Entry]) -> None:
        """See `Settlement`. An entry left so too often is quarantined by its reader."""
        chunk.receipt.leases.release([chunk.receipt.entry_id])

    async def _write(self, chunks: Sequence[Chunk[Entry]]) -> Sequence[None]:
        now_s = asyncio.get_running_loop().time()
        by_gateway: defaultdict[str, list[SettledChunk]] = defaultdict(list)
        for chunk in chunks:
            requested = chunk.requested
            by_gateway[requested.settle_to].append(
                SettledChunk(
                    batch_id=requested.batch_id,
                    publication=requested.publication,
                    chunk=requested.chunk,
                    chunks=requested.chunks,
                    held_us=int((now_s - chunk.begun_s) * 1_000_000),
                )
            )
        publications = [
            Publication(
                stream,
                DeliveriesSettled(settled=tuple(settled)),
                SETTLED_ENTRIES_MAX,
                SETTLED_EXPIRES_S,
            )
            for stream, settled in by_gateway.items()
        ]
        await self._writer.write(publications, done=[chunk.receipt for chunk in chunks])
        return [None] * len(chunks)


class DuplicateSplit(NamedTuple):
    """Entries that another reader has begun: `copies` of other entries, and entries that were
    `taken_over` by another consumer while this process was stopped."""

    copies: Collection[Entry]
    taken_over: Collection[Entry]


class DuplicateCheck(Protocol):
    """Finds entries whose work another reader has begun."""

    async def split(self, entries: Sequence[Entry]) -> DuplicateSplit:
        """Find them among entries that were just read."""
        ...


def chunk_handler(
    deliver: DeliverChunk[Entry], duplicates: DuplicateCheck, writer: StreamWriter
) -> Callable[[Sequence[Entry]], Awaitable[None]]:
    """Make the handler of `deliveries.requested`, which begins each chunk as soon as there is
    capacity.

    Copies are only acknowledged. When the worker stops, entries that were not begun stay pending,
    for another consumer.
    """

    async def handle(entries: Sequence[Entry]) -> None:
        copies, taken_over = await duplicates.split(entries)
        if copies:
            log.warning("chunks.duplicates_skipped", entries=len(copies))
            await writer.write((), done=copies)
        for entry in entries:
            if entry in copies:
                continue
            redelivered = entry.redelivered or entry in taken_over
            if not await deliver.take(entry.value, entry, redelivered=redelivered):
                return

    return handle
