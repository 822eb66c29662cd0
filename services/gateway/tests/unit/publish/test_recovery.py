"""Noticing losses: what Redis forgot, what passed without settling, what nobody knows."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import pytest
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.recovery import AWAY_INTERVAL_S, LOSSES_MAX, QUIET_S
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.open_batches import OpenBatch

from ...fakes.journal_model import OWNER, a_message, new_id
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import (
    Running,
    quiet,
    simulated,
)


class Recovering(Rig):
    def __init__(self) -> None:
        super().__init__()
        self.recovery = self.path.recovery


@simulated
async def test_when_redis_lost_its_memory_all_open_batches_go_out_again() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        batches = [await rig.commit() for _ in range(3)]
        await asyncio.sleep(2)
        rig.watch.name = "run 2"
        await asyncio.sleep(4)
        assert rig.streams.publications[3:] == [(batch.id, 2) for batch in batches]
        await asyncio.sleep(60)
        assert len(rig.streams.entries) == 6


@simulated
async def test_a_redis_that_was_only_away_changes_nothing() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        await rig.commit()
        await asyncio.sleep(2)
        rig.watch.away = True
        await asyncio.sleep(60)
        rig.watch.away = False
        await asyncio.sleep(60)
        assert len(rig.streams.entries) == 1


@simulated
async def test_what_still_settles_after_a_loss_is_not_published_again() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        batch = await rig.commit()
        await asyncio.sleep(2)
        rig.watch.name = "run 2"
        looks = rig.watch.looks
        while rig.watch.looks == looks:
            await asyncio.sleep(0.01)
        rig.settle(batch)
        await asyncio.sleep(60)
        assert len(rig.streams.entries) == 1


@simulated
async def test_what_is_published_after_a_loss_was_noticed_is_not_published_again() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        before = await rig.commit()
        await asyncio.sleep(2)
        rig.watch.name = "run 2"
        looks = rig.watch.looks
        while rig.watch.looks == looks:
            await asyncio.sleep(0.01)
        after = await rig.commit()
        await asyncio.sleep(4)
        assert rig.streams.publications == [(before.id, 1), (after.id, 1), (before.id, 2)]


@simulated
async def test_a_loss_is_noticed_soon_after_redis_is_back() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        before = await rig.commit()
        await asyncio.sleep(2)
        rig.watch.away = True
        await asyncio.sleep(5)
        rig.watch.away, rig.watch.name = False, "run 2"
        await asyncio.sleep(AWAY_INTERVAL_S)
        after = await rig.commit()
        await asyncio.sleep(4)
        assert rig.streams.publications == [(before.id, 1), (after.id, 1), (before.id, 2)]


@simulated
async def test_a_loss_is_noticed_soon_after_one_server_of_several_is_back() -> None:
    rig = Recovering()
    identities = rig.watch.identities
    gone = False

    async def without_the_gone(numbers: Collection[int]) -> Mapping[int, str]:
        return {} if gone else await identities(numbers)

    rig.watch.identities = without_the_gone  # type: ignore[method-assign]
    async with Running(rig.relay.run, rig.recovery.run):
        before = await rig.commit()
        await asyncio.sleep(2)
        gone = True
        await asyncio.sleep(5)
        gone, rig.watch.name = False, "run 2"
        await asyncio.sleep(AWAY_INTERVAL_S)
        after = await rig.commit()
        await asyncio.sleep(4)
        assert rig.streams.publications == [(before.id, 1), (after.id, 1), (before.id, 2)]


@simulated
async def test_a_batch_that_passed_the_streams_without_settling_goes_out_again() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        kept, lost = await rig.commit(), await rig.commit()
        await quiet()
        rig.watch.left = {lost.id}
        await asyncio.sleep(QUIET_S - 1)
        assert len(rig.streams.entries) == 2
        await asyncio.sleep(3)
        assert rig.streams.publications == [(kept.id, 1), (lost.id, 1), (lost.id, 2)]


@simulated
async def test_a_batch_that_settles_while_it_is_looked_for_is_not_published_again() -> None:
    rig = Recovering()
    passed = rig.watch.passed

    async def settle_meanwhile(batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        found = await passed(batches)
        if found:
            rig.settle(batch)
        return found

    rig.watch.passed = settle_meanwhile  # type: ignore[method-assign]
    async with Running(rig.relay.run, rig.recovery.run):
        batch = await rig.commit()
        rig.watch.left = {batch.id}
        await asyncio.sleep(60)
    assert rig.streams.publications == [(batch.id, 1)]


@simulated
async def test_a_batch_that_gets_lost_again_and_again_is_set_aside() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        batch = await rig.commit()
        rig.watch.left = {batch.id}
        await asyncio.sleep((LOSSES_MAX + 3) * (QUIET_S + 3))
        assert rig.streams.publications == [(batch.id, n) for n in range(1, LOSSES_MAX + 2)]
        assert rig.journal.aside == [batch.id]
        assert rig.window.used_bytes == 0


@simulated
async def test_the_room_of_a_batch_set_aside_goes_to_the_backlog() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        batch = await rig.commit(*[a_message() for _ in range(33)])
        (waiting,) = rig.journal.backlog(1)
        rig.relay.look_for_backlog()
        rig.watch.left = {batch.id}
        await asyncio.sleep((LOSSES_MAX + 3) * (QUIET_S + 3))
        assert rig.journal.aside == [batch.id]
        assert waiting in rig.streams.ids


@simulated
async def test_a_set_aside_that_the_database_refuses_is_tried_again() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        batch = await rig.commit()
        rig.watch.left = {batch.id}
        while len(rig.streams.entries) <= LOSSES_MAX:
            await asyncio.sleep(1)
        rig.journal.trouble.down = True
        await asyncio.sleep(60)
        assert batch.id in rig.window
        rig.journal.trouble.down = False
        await asyncio.sleep(QUIET_S + 3)
        assert rig.journal.aside == [batch.id]


@simulated
async def test_a_commit_that_takes_place_after_it_was_given_up_goes_out() -> None:
    """The connection broke, the statement went on: its client may repeat the request, and is
    told that it was accepted."""
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        assert rig.relay.reserve(300)
        batch = NewBatch(new_id(), OWNER, 0, True, [a_message()])
        rig.journal.late = partial(asyncio.get_running_loop().call_later, 20)
        with pytest.raises(JournalUnavailable):
            await rig.journal.commit(batch)
        rig.relay.doubtful(batch.id, 300)
        await asyncio.sleep(120)
        assert rig.streams.publications == [(batch.id, 2)]


@simulated
async def test_batches_whose_load_was_not_answered_go_out() -> None:
    rig = Recovering()
    rig.journal.trouble.once = "after"
    ids = rig.journal.backlog(3)
    async with Running(rig.relay.run, rig.recovery.run):
        await asyncio.sleep(120)
    assert rig.streams.publications == [(batch_id, 2) for batch_id in ids]


@simulated
async def test_open_batches_are_no_strays() -> None:
    rig = Recovering()
    async with Running(rig.relay.run, rig.recovery.run):
        await rig.commit()
        await asyncio.sleep(600)
        assert len(rig.streams.entries) == 1
