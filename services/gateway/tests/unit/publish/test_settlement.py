"""Settling: rows of settled batches go, many at once, whenever the database is there."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from angarium_contracts.hot_path import DeliveriesSettled, SettledChunk
from angarium_gateway.application.publish.settlement import CLOSED_AT_ONCE_MAX
from angarium_gateway.domain.open_batches import OpenBatch

from ...fakes.journal_model import a_message, new_id
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import (
    Running,
    now_s,
    quiet,
    simulated,
)


class Settling(Rig):
    """A rig with settlement, and a count of what is closed at once."""

    def __init__(self, window_bytes: int = 100_000_000) -> None:
        super().__init__(window_bytes)
        self.settlement = self.path.settlement
        self.closed: list[int] = []
        self._close = self.journal.close
        self.journal.close = self._counted_close  # type: ignore[method-assign]

    async def _counted_close(self, owner: str, ids: Sequence[bytes]) -> None:
        await self._close(owner, ids)
        self.closed.append(len(ids))

    def open(self, count: int) -> list[bytes]:
        ids = self.journal.backlog(count)
        for batch_id in ids:
            self.journal.rows[batch_id].published = True
            assert self.window.reserve(300)
            self.window.open(OpenBatch(batch_id, 0, 1, 300, now_s()))
        return ids


def settled(*ids: bytes, chunk: int = 0, chunks: int = 1) -> list[DeliveriesSettled]:
    return [DeliveriesSettled(tuple(SettledChunk(one, 1, chunk, chunks) for one in ids))]


@simulated
async def test_settled_batches_are_closed_many_at_once() -> None:
    rig = Settling()
    ids = rig.open(300)
    async with Running(rig.settlement.run):
        for batch_id in ids:
            await rig.settlement.on_settled(settled(batch_id))
        await asyncio.sleep(1)
    assert rig.closed == [300]
    assert not rig.journal.rows
    assert rig.window.used_bytes == 0


@simulated
async def test_one_statement_closes_a_bounded_number() -> None:
    rig = Settling()
    ids = rig.open(CLOSED_AT_ONCE_MAX + 10)
    async with Running(rig.settlement.run):
        await rig.settlement.on_settled(settled(*ids))
        await asyncio.sleep(1)
    assert rig.closed == [CLOSED_AT_ONCE_MAX, 10]


@simulated
async def test_a_batch_stays_until_all_its_chunks_are_settled() -> None:
    rig = Settling()
    ids = rig.open(1)
    async with Running(rig.settlement.run):
        await rig.settlement.on_settled(settled(*ids, chunk=0, chunks=2))
        await rig.settlement.on_settled(settled(*ids, chunk=0, chunks=2))
        await asyncio.sleep(1)
        assert set(rig.journal.rows) == set(ids)
        await rig.settlement.on_settled(settled(*ids, chunk=1, chunks=2))
        await asyncio.sleep(1)
        assert not rig.journal.rows


@simulated
async def test_what_could_not_be_closed_is_closed_when_the_database_is_back() -> None:
    rig = Settling()
    ids = rig.open(3)
    async with Running(rig.settlement.run):
        rig.journal.trouble.down = True
        await rig.settlement.on_settled(settled(*ids))
        await asyncio.sleep(30)
        assert set(rig.journal.rows) == set(ids)
        rig.journal.trouble.down = False
        await asyncio.sleep(2)
        assert not rig.journal.rows


@simulated
async def test_what_settles_while_rows_are_being_closed_is_closed_too() -> None:
    rig = Settling()
    first, second = rig.open(2)
    async with Running(rig.settlement.run):
        await rig.settlement.on_settled(settled(first))
        while first in rig.journal.rows:
            await asyncio.sleep(0.01)
        await rig.settlement.on_settled(settled(second))
        await asyncio.sleep(1)
    assert rig.closed == [1, 1]


@simulated
async def test_at_the_stop_what_is_settled_is_closed() -> None:
    rig = Settling()
    ids = rig.open(2)
    async with Running(rig.settlement.run):
        await rig.settlement.on_settled(settled(*ids))
    assert not rig.journal.rows


@simulated
async def test_settled_room_lets_the_backlog_go_on() -> None:
    rig = Settling(window_bytes=600)
    ids = rig.journal.backlog(6)
    async with Running(rig.relay.run, rig.settlement.run):
        for batch_id in ids:
            await quiet()
            assert batch_id in rig.streams.ids
            await rig.settlement.on_settled(settled(batch_id))
        await asyncio.sleep(1)
    assert rig.streams.ids == ids
    assert not rig.journal.rows


@simulated
async def test_settlements_of_unknown_batches_are_ignored() -> None:
    rig = Settling()
    async with Running(rig.settlement.run):
        await rig.settlement.on_settled(settled(new_id(), new_id()))
        await asyncio.sleep(1)
    assert rig.closed == []


@simulated
async def test_how_long_messages_waited_is_told_without_the_time_at_their_endpoints() -> None:
    rig = Settling()
    waits_s: list[float] = []
    observed: Any = waits_s.append
    rig.path.level.observe = observed  # type: ignore[method-assign]
    async with Running(rig.relay.run, rig.settlement.run):
        rig.streams.open.clear()
        await rig.path.commit_messages([a_message()])
        await asyncio.sleep(0.5)
        rig.streams.open.set()
        await quiet()
        (batch_id,) = rig.streams.ids
        await asyncio.sleep(2)
        # Held for 1.75 s by one worker; that of the second chunk says nothing new.
        for chunk, held_us in ((0, 1_750_000), (1, 500_000)):
            part = SettledChunk(batch_id, 1, chunk, 2, held_us)
            await rig.settlement.on_settled([DeliveriesSettled((part,))])
    assert waits_s == [pytest.approx(0.75)]
    assert not rig.window.ids()


@simulated
async def test_a_worker_that_does_not_tell_how_long_it_held_a_chunk_says_nothing() -> None:
    rig = Settling()
    waits_s: list[float] = []
    observed: Any = waits_s.append
    rig.path.level.observe = observed  # type: ignore[method-assign]
    async with Running(rig.relay.run):
        await rig.path.commit_messages([a_message()])
        await quiet()
        await rig.settlement.on_settled(settled(*rig.streams.ids))
    assert not waits_s
    assert not rig.window.ids()
