"""Batches change as `BATCH_CHANGES` says: each change is made in the simulated hot path, and no
other is."""

import asyncio
from contextlib import suppress

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import BATCH_CHANGES, LOST, BatchState

from ...fakes.batch_watch import LossyStream, Step, WatchedJournal
from ...fakes.hot_path_world import Gateway, World
from ...fakes.journal_model import a_message
from ...fakes.simulated_time import Running, simulated

BATCH_STEPS = {step for each in BATCH_CHANGES for step in each.steps()}
OPERATOR = {step for each in BATCH_CHANGES if each.by_command for step in each.steps()}


def steps_in_world(seed: int, *, lost_every: int) -> set[Step]:
    """The steps of all batches in one world full of faults."""
    steps: set[Step] = set()

    @simulated
    async def scenario() -> None:
        world = World(seed, faults=0.5)
        journal = world.journal = WatchedJournal()
        world.redis.accepted = LossyStream(lost_every)
        world.gateway = Gateway(world, "replica-0")
        await world.gateway.start()
        async with Running(world.dispatcher, world.worker, world.worker, world.trouble):
            await world.clients(100)
            world.calm, journal.trouble.once = True, None
            journal.backlog(1, owner="gone")
            await asyncio.sleep(100)
            await lose_answers(world)
            await asyncio.sleep(10)
            await take_for_lost(world)
            await asyncio.sleep(10)
        await world.gateway.stop()
        steps.update(journal.steps)

    scenario()
    return steps


async def lose_answers(world: World) -> None:
    """Of a commit, and of telling the journal that a batch must go out again."""
    journal = world.journal
    journal.trouble.once = "after"
    with suppress(JournalUnavailable):
        await world.gateway.commit([a_message()])
    await asyncio.sleep(5)
    await world.gateway.commit([a_message()])
    journal.trouble.once = "after"
    world.gateway.relay.publish_again([max(journal.rows)])


async def take_for_lost(world: World) -> None:
    """A batch that has been settled, and whose row is not deleted yet."""
    window = world.gateway.window
    await world.gateway.commit([a_message()])
    newest = max(world.journal.rows)
    while newest in window:
        await asyncio.sleep(0.01)
    await world.journal.change(world.gateway.name, [newest], LOST)


def test_batches_take_the_steps_of_the_table_and_no_other() -> None:
    taken = set[Step]()
    for seed in range(3):
        taken |= steps_in_world(seed, lost_every=40)

    assert taken <= BATCH_STEPS
    assert taken == BATCH_STEPS - OPERATOR


def test_every_state_is_reached() -> None:
    assert {each.target for each in BATCH_CHANGES} == set(BatchState)
