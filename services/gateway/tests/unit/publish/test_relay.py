"""The relay: what is committed leaves in order, once, as the window allows; nothing is lost."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.publish.relay import READY_S_MAX
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import BatchChange

from ...fakes.journal_model import OWNER, a_message, new_id
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import (
    Running,
    now_s,
    quiet,
    simulated,
)


@simulated
async def test_a_committed_batch_goes_out_at_once() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        batch = await rig.commit()
        await quiet()
        assert rig.streams.publications == [(batch.id, 1)]
        assert batch.id in rig.window
        assert rig.window.used_bytes == batch.size_bytes


@simulated
async def test_without_room_a_batch_waits_in_the_journal_and_goes_when_others_settle() -> None:
    rig = Rig(window_bytes=600)
    async with Running(rig.relay.run):
        first, second, third = [await rig.commit() for _ in range(3)]
        await quiet()
        assert rig.streams.ids == [first.id, second.id]
        assert not rig.journal.rows[third.id].published
        rig.settle(first)
        await quiet()
        assert rig.streams.ids == [first.id, second.id, third.id]


@simulated
async def test_messages_leave_in_the_order_of_their_commits_while_a_backlog_drains() -> None:
    rig = Rig(window_bytes=3_000)
    backlog = rig.journal.backlog(40)
    async with Running(rig.relay.run):
        committed: list[bytes] = []
        for _ in range(200):
            if len(committed) < 20:
                committed.append((await rig.commit()).id)
            for entry in list(rig.streams.entries):
                if entry.id in rig.window:
                    rig.settle(entry)
                    await asyncio.sleep(0)
        await quiet()
    assert rig.streams.ids == backlog + committed


@simulated
async def test_a_commit_during_the_load_does_not_overtake_the_rest_of_the_backlog() -> None:
    rig = Rig(window_bytes=2_000)
    backlog = rig.journal.backlog(20)
    task = asyncio.ensure_future(rig.relay.run())
    await asyncio.sleep(0)
    newest = await rig.commit()
    for _ in range(60):
        await quiet()
        for entry in list(rig.streams.entries):
            if entry.id in rig.window:
                rig.settle(entry)
    task.cancel()
    assert rig.streams.ids == [*backlog, newest.id]


@simulated
async def test_under_steady_load_a_backlog_comes_to_its_end_in_order() -> None:
    """Something is committed and settled during every load, and yet nothing joins any more."""
    rig = Rig(window_bytes=20_000)
    backlog = rig.journal.backlog(100)
    committed: list[bytes] = []

    async def steady_load() -> None:
        while True:
            batch = await rig.commit()
            committed.append(batch.id)
            for entry in list(rig.streams.entries):
                if entry.id in rig.window:
                    rig.settle(entry)

    async with Running(rig.relay.run, steady_load):
        await quiet()
        for _ in range(3):
            loads = rig.journal.loads
            await quiet()
            assert rig.journal.loads == loads
            rig.relay.look_for_backlog()
            await quiet()
            assert rig.journal.loads > loads
    in_order = backlog + committed
    assert len(committed) > 100
    assert rig.streams.ids == in_order[: len(rig.streams.ids)]
    assert len(rig.streams.ids) >= len(in_order) - 3


@simulated
async def test_without_faults_every_batch_is_published_exactly_once() -> None:
    rig = Rig(window_bytes=1_000)
    async with Running(rig.relay.run):
        batches = []
        for _ in range(30):
            batches.append(await rig.commit())
            await asyncio.sleep(0)
            rig.relay.look_for_backlog()
            for batch in batches:
                if batch.id in rig.window:
                    rig.settle(batch)
        await quiet()
    assert sorted(rig.streams.publications) == [(batch.id, 1) for batch in batches]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_failed_publication_goes_back_to_the_journal_and_out_again(moment: str) -> None:
    @simulated
    async def scenario() -> None:
        rig = Rig()
        async with Running(rig.relay.run):
            rig.streams.trouble.once = moment
            batch = await rig.commit()
            await asyncio.sleep(2)
            assert rig.streams.publications[-1] == (batch.id, 2)
            assert rig.streams.publications[:-1] == ([(batch.id, 1)] if moment == "after" else [])
            assert rig.window.used_bytes == batch.size_bytes

    scenario()


@simulated
async def test_while_redis_is_away_nothing_is_loaded_and_afterwards_all_goes_out() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        rig.streams.trouble.down = True
        batches = [await rig.commit() for _ in range(5)]
        await asyncio.sleep(10)
        loads = rig.journal.loads
        await asyncio.sleep(60)
        assert rig.journal.loads == loads
        assert rig.window.used_bytes == 0
        assert not rig.relay.reserve(1)
        rig.streams.trouble.down = False
        await asyncio.sleep(2)
    assert sorted(rig.streams.ids) == [batch.id for batch in batches]


@simulated
async def test_while_the_journal_is_away_what_was_committed_still_goes_out() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        rig.journal.trouble.down = True
        assert rig.relay.reserve(300)
        batch_id = rig.journal.backlog(1)[0]
        rig.relay.committed(rig.journal.rows[batch_id].stored(), published=True, since_s=now_s())
        await quiet()
        assert rig.streams.ids == [batch_id]


@simulated
async def test_a_doubtful_commit_goes_out_if_it_took_place() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        assert rig.relay.reserve(300)
        rig.journal.trouble.once = "after"
        batch = NewBatch(new_id(), OWNER, 0, True, [a_message()])
        with pytest.raises(JournalUnavailable):
            await rig.journal.commit(batch)
        rig.relay.doubtful(batch.id, 300)
        await quiet()
        assert rig.streams.publications == [(batch.id, 1)]
        assert rig.window.used_bytes == 300


@simulated
async def test_a_doubtful_commit_that_did_not_take_place_leaves_no_trace() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        assert rig.relay.reserve(300)
        rig.relay.doubtful(new_id(), 300)
        await quiet()
        assert rig.streams.entries == []
        assert rig.window.used_bytes == 0
        assert rig.relay.reserve(1)


@simulated
async def test_a_batch_of_which_nothing_was_fresh_gives_its_room_back() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        assert rig.relay.reserve(300)
        assert rig.window.used_bytes == 300
        row = rig.journal.rows[rig.journal.backlog(1)[0]]
        row.messages = ()
        rig.relay.committed(row.stored(), published=True, since_s=now_s())
        assert rig.window.used_bytes == 0


@simulated
async def test_a_batch_that_was_lost_goes_out_again_flagged() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        batch = await rig.commit()
        await quiet()
        rig.relay.publish_again([batch.id])
        assert rig.window.used_bytes == 0
        await quiet()
        assert rig.streams.publications == [(batch.id, 1), (batch.id, 2)]
        assert rig.window.used_bytes == batch.size_bytes


@simulated
async def test_while_the_node_of_one_stream_is_away_batches_of_the_others_go_out_once() -> None:
    rig = Rig(stream_count=2)
    rig.streams.away = {1}
    async with Running(rig.relay.run):
        waits = await rig.commit(stream_number=1)
        goes = await rig.commit(stream_number=0)
        await asyncio.sleep(5)
        assert rig.streams.publications == [(goes.id, 1)]
        assert waits.id in rig.relay.tracked() or not rig.journal.rows[waits.id].published
        rig.streams.away.clear()
        await quiet()
        assert [batch_id for batch_id, _ in rig.streams.publications] == [goes.id, waits.id]
        assert rig.window.used_bytes == waits.size_bytes + goes.size_bytes


@simulated
async def test_a_lost_batch_that_was_closed_meanwhile_does_not_go_out() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        batch = await rig.commit()
        await quiet()
        del rig.journal.rows[batch.id]
        rig.relay.publish_again([batch.id])
        await quiet()
        assert rig.streams.publications == [(batch.id, 1)]
        assert rig.window.used_bytes == 0


@simulated
async def test_cancelled_at_any_moment_the_journal_still_has_whatever_is_not_settled() -> None:
    """Another replica adopts what is left: all of it must be on record, published or not."""
    for moment in range(60):
        rig = Rig(window_bytes=1_500)
        ids = set(rig.journal.backlog(6))
        task = asyncio.ensure_future(rig.relay.run())
        for step in range(moment):
            if step % 7 == 3:
                ids.add((await rig.commit()).id)
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert set(rig.journal.rows) == ids
        published = {batch_id for batch_id, row in rig.journal.rows.items() if row.published}
        assert {entry.id for entry in rig.streams.entries} <= published


@simulated
async def test_a_window_smaller_than_a_batch_still_lets_it_through_alone() -> None:
    rig = Rig(window_bytes=1_000)
    async with Running(rig.relay.run):
        small = await rig.commit()
        large = await rig.commit(*[a_message() for _ in range(5)])
        await quiet()
        assert rig.streams.ids == [small.id, large.id][: len(rig.streams.ids)]
        rig.settle(small)
        await quiet()
        assert rig.streams.ids == [small.id, large.id]


@simulated
async def test_what_gets_lost_while_the_backlog_is_sent_goes_out_again_too() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        batch = await rig.commit()
        await quiet()
        rig.streams.open.clear()
        (waiting,) = rig.journal.backlog(1)
        rig.relay.look_for_backlog()
        await quiet()
        rig.relay.publish_again([batch.id])
        rig.streams.open.set()
        await quiet()
        assert rig.streams.publications == [(batch.id, 1), (waiting, 1), (batch.id, 2)]


@simulated
async def test_a_loss_of_very_many_batches_is_told_to_the_journal_in_parts() -> None:
    """Both engines take at most some 32,766 parameters a statement."""
    rig = Rig()
    marked: list[int] = []
    carry_out = rig.journal.change

    async def counted(owner: str, ids: Sequence[bytes], change: BatchChange) -> None:
        marked.append(len(ids))
        await carry_out(owner, ids, change)

    rig.journal.change = counted  # type: ignore[method-assign]
    async with Running(rig.relay.run):
        rig.relay.publish_again([new_id() for _ in range(12_000)])
        await quiet()
    assert marked == [5_000, 5_000, 2_000]


@simulated
async def test_a_batch_that_was_adopted_while_the_process_stood_still_is_not_sent() -> None:
    rig = Rig()
    async with Running(rig.relay.run):
        assert rig.relay.reserve(300)
        batch_id = rig.journal.backlog(1)[0]
        row = rig.journal.rows[batch_id]
        row.owner, row.published = "another", True
        since_s = now_s() - READY_S_MAX - 1
        rig.relay.committed(row.stored(), published=True, since_s=since_s)
        await quiet()
        assert rig.streams.entries == []
        assert rig.window.used_bytes == 0
        assert rig.relay.tracked() == set()


@simulated
async def test_a_loaded_batch_that_was_adopted_while_the_process_stood_still_is_not_sent() -> None:
    rig = Rig()
    adopted, ours = rig.journal.backlog(2)
    load = rig.journal.unpublished

    async def stop_after_the_load(owner: str, *, bytes_max: int) -> list[StoredBatch]:
        loaded = await load(owner, bytes_max=bytes_max)
        if rig.journal.loads == 1:
            await asyncio.sleep(READY_S_MAX + 1)
            rig.journal.rows[adopted].owner = "another"
        return loaded

    rig.journal.unpublished = stop_after_the_load  # type: ignore[method-assign]
    async with Running(rig.relay.run):
        rig.relay.look_for_backlog()
        await asyncio.sleep(READY_S_MAX + 2)
        await quiet()
        assert rig.streams.ids == [ours]
        assert rig.window.used_bytes == 300
