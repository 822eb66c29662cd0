"""Settled chunks: reported to the gateway that has their batches open."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

from angarium_chassis.streams.received import Received
from angarium_chassis.streams.writer import Publication
from angarium_contracts.hot_path import DeliveriesRequested, DeliveriesSettled
from angarium_worker.adapters.streams.chunks import WRITE_FEW_UNITS, ChunkSettlement, Entry
from angarium_worker.application.delivery.chunk import Chunk


class WriterModel:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[Publication] = []
        self.done: list[Received[Any]] = []

    async def write(
        self, publications: Sequence[Publication], done: Iterable[Received[Any]] = ()
    ) -> list[bytes]:
        self.written += publications
        self.done += done
        return []


def a_chunk(number: int, begun_s: float) -> Chunk[Entry]:
    requested = DeliveriesRequested(
        batch_id=b"b" * 16,
        publication=1,
        settle_to="deliveries.settled:one",
        chunk=number,
        chunks=2,
        redelivered=False,
        messages=(),
    )
    receipt = Received("s", "g", b"%d-0" % number, requested, False, cast("Any", None))
    chunk: Chunk[Entry] = Chunk(requested, receipt, 0.0)
    chunk.begun_s = begun_s
    return chunk


async def test_each_chunk_is_acknowledged_and_reported_with_the_time_that_it_was_held() -> None:
    writer = WriterModel()
    settlement = ChunkSettlement(cast("Any", writer))
    running = asyncio.ensure_future(settlement.run())
    began_s = asyncio.get_running_loop().time()
    chunks = [a_chunk(0, began_s - 3.0), a_chunk(1, began_s - 1.0)]
    ended = asyncio.Event()
    settlement.settled(chunks[0], lambda: None, awaited=False)
    settlement.settled(chunks[1], ended.set, awaited=False)
    await ended.wait()
    passed_us = (asyncio.get_running_loop().time() - began_s) * 1_000_000
    running.cancel()

    assert writer.done == [chunk.receipt for chunk in chunks]
    (written,) = writer.written
    assert written.stream == "deliveries.settled:one"
    assert isinstance(written.contract, DeliveriesSettled)
    held_us = {each.chunk: each.held_us or 0 for each in written.contract.settled}
    assert 3_000_000 <= held_us[0] <= 3_000_000 + passed_us
    assert 1_000_000 <= held_us[1] <= 1_000_000 + passed_us


async def test_a_settlement_that_is_awaited_takes_those_that_gather_with_it() -> None:
    writer = WriterModel()
    settlement = ChunkSettlement(cast("Any", writer))
    running = asyncio.ensure_future(settlement.run())
    first, last = asyncio.Event(), asyncio.Event()
    settlement.settled(a_chunk(0, 0.0), first.set, awaited=False)
    await first.wait()
    ended_after: list[int] = []
    for number in range(1, WRITE_FEW_UNITS - 1):
        settlement.settled(a_chunk(number, 0.0), lambda: ended_after.append(0), awaited=False)
    settlement.settled(a_chunk(WRITE_FEW_UNITS - 1, 0.0), last.set, awaited=True)
    await last.wait()
    running.cancel()

    assert len(writer.written) == 2
    assert len(ended_after) == WRITE_FEW_UNITS - 2
