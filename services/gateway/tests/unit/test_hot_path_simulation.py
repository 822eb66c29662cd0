"""Seeded runs of the whole hot path in simulated time: whatever happens, nothing is lost."""

import asyncio

import pytest

from ..fakes.hot_path_world import BATCH_BYTES_MAX, WINDOW_BYTES, World
from ..fakes.simulated_time import Running, simulated

SETTLING_S = 400.0
SEEDS = range(30)


async def live(world: World, groups: int) -> None:
    """Run the world until its clients have posted everything, then calmly for a while."""
    await world.gateway.start()
    async with Running(world.dispatcher, world.worker, world.worker, world.worker, world.trouble):
        await world.clients(groups)
        world.calm = True
        world.journal.trouble.once = None
        for _ in range(int(SETTLING_S)):
            await asyncio.sleep(1)
            if not world.journal.rows and not world.redis.down and not late_commits(world):
                break
    await world.gateway.stop()


def late_commits(world: World) -> bool:
    """A commit that was given up may still take place for half a minute."""
    return asyncio.get_running_loop().time() < 60 + world.last_commit_s


def accepted_ids(world: World) -> set[bytes]:
    return {message.id for batch in world.journal.stored for message in batch.messages}


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_fails_every_committed_batch_is_settled_in_the_end(seed: int) -> None:
    @simulated
    async def scenario() -> None:
        world = World(seed, faults=0.5)
        await live(world, 300)
        assert world.fault_count
        assert world.journal.rows == {}
        assert accepted_ids(world) <= set(world.delivered)
        assert world.gateway.window.used_bytes == 0
        assert world.most_open_bytes <= WINDOW_BYTES + BATCH_BYTES_MAX

    scenario()


@pytest.mark.parametrize("seed", range(5))
def test_without_faults_every_message_is_delivered_once_from_one_publication(seed: int) -> None:
    @simulated
    async def scenario() -> None:
        world = World(seed, faults=0)
        await live(world, 200)
        assert world.journal.rows == {}
        assert set(world.delivered) == accepted_ids(world)
        assert set(world.delivered.values()) == {1}
        assert world.publications == {1}
        assert world.most_open_bytes <= WINDOW_BYTES + BATCH_BYTES_MAX

    scenario()
