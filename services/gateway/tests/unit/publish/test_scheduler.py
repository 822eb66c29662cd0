"""The scheduler: it looks when something is due, and goes on whatever fails."""

import asyncio
from collections.abc import Callable

from angarium_gateway.application.publish.schedule import LOOK_INTERVAL_S, Scheduler
from angarium_gateway.application.unavailable import JournalUnavailable

from ...fakes.journal_model import (
    OWNER,
    Row,
    Trouble,
    a_message,
    accepted,
)
from ...fakes.relay_rig import Rig
from ...fakes.simulated_time import (
    Running,
    now_s,
    quiet,
    simulated,
)


class ScheduleModel:
    """The port `Schedule`: times in simulated seconds; what is opened goes into the journal."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.times: list[float] = []
        self.trouble = Trouble(JournalUnavailable)
        self.looked_at_s: list[float] = []
        self.held_by_another = False
        self.on_look: Callable[[], None] = lambda: None

    async def next_due_in_s(self) -> float | None:
        self.looked_at_s.append(now_s())
        await self.trouble.before()
        self.on_look()
        return min(self.times) - now_s() if self.times else None

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        await self.trouble.before()
        if self.held_by_another:
            return 0
        due = [one for one in self.times if one <= now_s()]
        self.times = [one for one in self.times if one > now_s()]
        for _ in due:
            message = a_message()
            self.rig.journal.rows[message.id] = Row(
                message.id, owner, False, message.size_bytes, (accepted(message),)
            )
        await self.trouble.after()
        return len(due)

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        raise NotImplementedError


class Scheduling(Rig):
    def __init__(self) -> None:
        super().__init__()
        self.schedule = ScheduleModel(self)
        self.scheduler = Scheduler(self.schedule, self.relay, owner=OWNER, stream_count=1)

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
