"""Replicas: heartbeats, adoption of what dead ones left, and being thought dead oneself."""

import asyncio

from ...fakes.journal_model import OWNER
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import Running, quiet, simulated


class Member(Rig):
    def __init__(self) -> None:
        super().__init__()
        self.membership = self.path.membership


@simulated
async def test_batches_left_by_an_earlier_process_are_adopted_at_the_start() -> None:
    rig = Member()
    left = rig.journal.backlog(3, owner="earlier")
    rig.journal.rows[left[0]].published = True
    async with Running(rig.relay.run, rig.membership.run):
        await quiet()
        assert sorted(rig.streams.publications) == [(left[0], 2), (left[1], 1), (left[2], 1)]


@simulated
async def test_batches_of_a_replica_that_dies_are_adopted_within_a_heartbeat() -> None:
    rig = Member()
    rig.journal.known.add("other")
    async with Running(rig.relay.run, rig.membership.run):
        left = rig.journal.backlog(1, owner="other")
        await asyncio.sleep(30)
        assert rig.streams.entries == []
        await rig.journal.retire("other")
        await asyncio.sleep(3)
        assert rig.streams.ids == left


@simulated
async def test_batches_of_replicas_that_nobody_knows_are_found_within_a_minute() -> None:
    rig = Member()
    async with Running(rig.relay.run, rig.membership.run):
        await asyncio.sleep(1)
        left = rig.journal.backlog(1, owner="nobody")
        await asyncio.sleep(62)
        assert rig.streams.ids == left


@simulated
async def test_a_replica_that_was_taken_for_dead_drops_its_window() -> None:
    rig = Member()
    async with Running(rig.relay.run, rig.membership.run):
        batch = await rig.commit()
        await quiet()
        assert rig.window.used_bytes
        rig.journal.known.discard(OWNER)
        rig.journal.rows[batch.id].owner = "other"
        rig.journal.known.add("other")
        await asyncio.sleep(3)
        assert rig.window.used_bytes == 0
        assert len(rig.streams.entries) == 1


@simulated
async def test_a_replica_that_was_taken_for_dead_keeps_what_it_committed_since() -> None:
    rig = Member()
    async with Running(rig.relay.run, rig.membership.run):
        adopted = await rig.commit()
        rig.journal.known.discard(OWNER)
        rig.journal.rows[adopted.id].owner = "other"
        rig.journal.known.add("other")
        since = await rig.commit()
        await asyncio.sleep(3)
        assert list(rig.window.ids()) == [since.id]
        assert len(rig.streams.entries) == 2


@simulated
async def test_a_replica_that_was_taken_for_dead_keeps_what_it_commits_while_it_finds_out() -> None:
    rig = Member()
    kept: list[bytes] = []
    published = rig.journal.published

    async def slowly(owner: str) -> list[bytes]:
        found = await published(owner)
        kept.append((await rig.commit()).id)
        await quiet()
        return found

    rig.journal.published = slowly  # type: ignore[method-assign]
    async with Running(rig.relay.run, rig.membership.run):
        rig.journal.known.discard(OWNER)
        await asyncio.sleep(3)
        assert len(kept) == 1
        assert list(rig.window.ids()) == kept


@simulated
async def test_heartbeats_go_on_after_the_database_was_away() -> None:
    rig = Member()
    async with Running(rig.relay.run, rig.membership.run):
        rig.journal.trouble.down = True
        await asyncio.sleep(20)
        rig.journal.trouble.down = False
        left = rig.journal.backlog(1, owner="dead")
        rig.journal.dead.add("dead")
        await asyncio.sleep(3)
        assert rig.streams.ids == left


@simulated
async def test_at_the_stop_the_replica_retires_so_that_others_adopt_at_once() -> None:
    rig = Member()
    async with Running(rig.membership.run):
        assert OWNER in rig.journal.known
    assert OWNER in rig.journal.dead


@simulated
async def test_a_stop_without_a_database_is_no_failure() -> None:
    rig = Member()
    async with Running(rig.membership.run):
        rig.journal.trouble.down = True
