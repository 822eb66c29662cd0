"""The scheduler: it looks when something is due, and goes on whatever fails."""

import asyncio

from angarium_gateway.application.publish.schedule import LOOK_INTERVAL_S

from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import (
    Running,
    now_s,
    quiet,
    simulated,
)


class Scheduling(Rig):
    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.path.scheduler

    def running(self) -> Running:
        return Running(self.scheduler.run, self.relay.run)


async def until_s(at_s: float) -> None:
    await asyncio.sleep(at_s - now_s())
    await quiet()


@simulated
async def test_what_is_due_is_published_at_its_time() -> None:
    rig = Scheduling()
    rig.schedule.times = [0.4, 2.75]
    async with rig.running():
        await until_s(0.399)
        assert rig.streams.entries == []
        await until_s(0.4)
        assert len(rig.streams.entries) == 1
        await until_s(2.749)
        assert len(rig.streams.entries) == 1
        await until_s(2.75)
        assert len(rig.streams.entries) == 2


@simulated
async def test_with_nothing_scheduled_it_looks_once_a_second() -> None:
    rig = Scheduling()
    async with rig.running():
        await until_s(9.5)
    assert rig.schedule.looked_at_s == [float(second) for second in range(10)]


@simulated
async def test_what_another_replica_schedules_sooner_is_not_missed() -> None:
    rig = Scheduling()
    rig.schedule.times = [100.0]
    async with rig.running():
        await until_s(5.0)
        rig.schedule.times.append(5.5)
        await until_s(5.5 + LOOK_INTERVAL_S)
        assert len(rig.streams.entries) == 1


@simulated
async def test_an_answer_that_got_lost_delays_nothing() -> None:
    rig = Scheduling()
    rig.schedule.times = [1.0]
    async with rig.running():
        await until_s(0.5)
        rig.schedule.trouble.once = None
        rig.schedule.on_look = lambda: setattr(rig.schedule.trouble, "once", "after")
        await until_s(1.0)
        assert len(rig.streams.entries) == 1


@simulated
async def test_a_database_that_is_away_is_asked_again() -> None:
    rig = Scheduling()
    rig.schedule.times = [1.0]
    rig.schedule.trouble.down = True
    async with rig.running():
        await until_s(10.5)
        rig.schedule.trouble.down = False
        await until_s(10.5 + LOOK_INTERVAL_S)
        assert len(rig.streams.entries) == 1


@simulated
async def test_it_does_not_spin_while_another_replica_takes_what_is_due() -> None:
    rig = Scheduling()
    rig.schedule.times = [0.0]
    rig.schedule.held_by_another = True
    async with rig.running():
        await until_s(1.0)
        assert len(rig.schedule.looked_at_s) < 25
        rig.schedule.held_by_another = False
        await until_s(1.1)
        assert len(rig.streams.entries) == 1
