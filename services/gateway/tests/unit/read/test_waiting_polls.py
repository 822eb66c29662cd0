"""Polls that wait for a message."""

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.publish.arrivals import Arrivals
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.read.poll_messages import PolledPage
from angarium_gateway.application.read.waiting_polls import (
    TooManyWaiting,
    WaitingLimits,
    WaitingPolls,
)

TENANT, OTHER_TENANT = b"tenant", b"other"
APPLICATION, OTHER_APPLICATION = b"application", b"another"
NOTHING = PolledPage((), "1", done=True)
SOME = PolledPage((Message(lowest_id_at(2), "a", None, None, None, b"{}"),), "2", done=True)
MORE = PolledPage((), "3", done=False)
PROBLEM = Problem(ProblemCode.UNAVAILABLE, "The worker does not answer.")
LONG_S = 3_600.0
PATIENT = WaitingLimits(all_max=3, per_tenant_max=2, idle_s=LONG_S, pauses_s=(0.0, 0.0))


class Pages:
    """Answers polls with pages in turn; the last one comes again and again."""

    def __init__(self, *pages: PolledPage | Problem) -> None:
        self._pages = list(pages)
        self.polls = 0
        self._polled = asyncio.Condition()

    async def __call__(self) -> PolledPage | Problem:
        async with self._polled:
            self.polls += 1
            self._polled.notify_all()
        return self._pages.pop(0) if len(self._pages) > 1 else self._pages[0]

    async def polled(self, times: int) -> None:
        """Wait until it was polled so often, and whoever did so waits."""
        async with self._polled:
            await self._polled.wait_for(lambda: self.polls >= times)
        await asyncio.sleep(0)


class World:
    def __init__(self, limits: WaitingLimits = PATIENT) -> None:
        self.arrivals = Arrivals()
        self.polls = WaitingPolls(self.arrivals, time.monotonic, limits)
        self.stopping = False

    def wait(
        self,
        pages: Callable[[], object],
        *,
        tenant: bytes = TENANT,
        application: bytes = APPLICATION,
        wait_s: float = LONG_S,
    ) -> asyncio.Task[PolledPage | Problem | TooManyWaiting]:
        waiting = self.polls.wait(
            tenant,
            application,
            pages,  # type: ignore[arg-type]
            wait_s,
            is_stopping=lambda: self.stopping,
        )
        return asyncio.ensure_future(waiting)


@pytest.mark.parametrize("page", [SOME, MORE, PROBLEM])
async def test_what_is_there_is_answered_at_once(page: PolledPage | Problem) -> None:
    assert await World().wait(Pages(page)) == page


async def test_an_arrival_wakes_the_polls_of_its_application_only() -> None:
    world, pages, others = World(), Pages(NOTHING, NOTHING, SOME), Pages(NOTHING)
    waiting = world.wait(pages)
    other = world.wait(others, application=OTHER_APPLICATION)
    await pages.polled(1)
    await others.polled(1)
    world.arrivals.notify({APPLICATION})

    assert await waiting == SOME
    # Once after the arrival, when it was not available yet, and once more.
    assert (pages.polls, others.polls) == (3, 1)
    other.cancel()


async def test_without_an_arrival_it_looks_again_after_a_while() -> None:
    world = World(WaitingLimits(idle_s=0.001, pauses_s=()))
    assert await world.wait(Pages(NOTHING, NOTHING, SOME)) == SOME


async def test_an_arrival_while_it_reads_is_not_missed() -> None:
    world, pages = World(), Pages(NOTHING, SOME)

    async def poll() -> PolledPage | Problem:
        found = await pages()
        if pages.polls == 1:
            world.arrivals.notify({APPLICATION})
        return found

    assert await world.wait(poll) == SOME


async def test_the_time_ends_the_waiting() -> None:
    world, pages = World(), Pages(NOTHING)
    assert await world.wait(pages, wait_s=0.001) == NOTHING
    assert not world.arrivals.are_awaited


async def test_a_process_that_stops_answers() -> None:
    world, pages = World(WaitingLimits(idle_s=0.001, pauses_s=())), Pages(NOTHING)
    waiting = world.wait(pages)
    await pages.polled(2)
    world.stopping = True
    assert await waiting == NOTHING


async def test_a_tenant_and_a_process_have_only_so_many() -> None:
    world, pages = World(), Pages(NOTHING)
    waiting = [world.wait(pages) for _ in range(2)]
    await pages.polled(2)
    assert await world.wait(Pages(SOME)) is TooManyWaiting.OF_TENANT
    waiting.append(world.wait(pages, tenant=OTHER_TENANT))
    await pages.polled(3)
    assert await world.wait(Pages(SOME), tenant=b"third") is TooManyWaiting.OF_PROCESS

    await cancelled(waiting)
    assert await world.wait(Pages(SOME)) == SOME
    assert not world.arrivals.are_awaited


async def test_polls_of_a_busy_application_that_find_nothing_are_spaced() -> None:
    limits = WaitingLimits(idle_s=LONG_S, pauses_s=(0.01, LONG_S))
    world, pages = World(limits), Pages(NOTHING)
    waiting = world.wait(pages)
    await pages.polled(1)
    world.arrivals.notify({APPLICATION})
    await pages.polled(2)
    for _ in range(100):
        world.arrivals.notify({APPLICATION})
        await asyncio.sleep(0)
    assert pages.polls == 2
    await cancelled([waiting])


async def cancelled(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
