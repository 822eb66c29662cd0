"""Operational events on their way to the gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.operational import (
    ENDPOINT_DISABLED,
    OperationalEvent,
    PostOperationalEvents,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_contracts.stream_names import GATEWAY_QUERIES
from angarium_webhooks.operational_outbox import Outbox


def _event(number: int) -> OperationalEvent:
    return OperationalEvent(
        id=number.to_bytes(16),
        type=ENDPOINT_DISABLED,
        tenant_id=b"t" * 16,
        application_id=b"a" * 16,
        endpoint_id=b"e" * 16,
    )


class World:
    """Implements `OutboxRows` and `Queries`: a table, and a gateway that keeps what it is told."""

    def __init__(self) -> None:
        self.table: dict[bytes, OperationalEvent] = {}
        self.posted: list[int] = []
        self.committed: dict[bytes, OperationalEvent] = {}
        self.reads = 0
        self.database_down = False
        self.redis_broken = False
        self.gateway_away = False
        self.delete_fails = 0
        self._moved = asyncio.Event()

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.table[number.to_bytes(16)] = _event(number)

    async def read(self, limit: int) -> list[OperationalEvent]:
        self.reads += 1
        self._moved.set()
        if self.database_down:
            raise OSError("no database")
        return [self.table[each] for each in sorted(self.table)[:limit]]

    async def delete(self, ids: Sequence[bytes]) -> None:
        self._moved.set()
        if self.delete_fails:
            self.delete_fails -= 1
            raise OSError("no database")
        for each in ids:
            self.table.pop(each, None)

    async def ask[T](self, stream: str, question: Contract, answers: Reader[T]) -> T | Problem:
        self._moved.set()
        assert stream == GATEWAY_QUERIES
        assert isinstance(question, PostOperationalEvents)
        if self.redis_broken:
            raise RuntimeError("a reply nobody foresaw")
        if self.gateway_away:
            return Problem(code=ProblemCode.UNAVAILABLE, detail="nobody answers")
        self.posted.append(len(question.events))
        self.committed |= {event.id: event for event in question.events}
        done: Any = Done()
        return done  # type: ignore[no-any-return]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._moved.clear()
                await self._moved.wait()


type Start = Callable[..., Awaitable[Outbox]]


@pytest.fixture
async def world() -> World:
    return World()


@pytest.fixture
async def start(world: World) -> AsyncIterator[Start]:
    """Runs an outbox that tries again quickly and looks by itself only after an hour."""
    running: list[asyncio.Task[None]] = []

    async def begin(**options: float) -> Outbox:
        times = {"retry_s_min": 0.001, "retry_s_max": 0.002, "look_every_s": 3_600.0} | options
        outbox = Outbox(world, world, random=lambda: 0.5, **times)
        running.append(asyncio.create_task(outbox.run()))
        return outbox

    yield begin
    for task in running:
        assert not task.done()
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_events_are_posted_oldest_first_in_hundreds_and_then_deleted(
    world: World, start: Start
) -> None:
    world.write(*range(250))
    await start()
    await world.until(lambda: not world.table)
    assert world.posted == [100, 100, 50]
    assert list(world.committed) == [number.to_bytes(16) for number in range(250)]


async def test_a_woken_outbox_looks_at_once(world: World, start: Start) -> None:
    outbox = await start()
    await world.until(lambda: world.reads == 1)
    world.write(1)
    outbox.wake()
    await world.until(lambda: not world.table)
    assert world.posted == [1]


async def test_what_nobody_told_of_is_found_by_looking(world: World, start: Start) -> None:
    await start(look_every_s=0.001)
    await world.until(lambda: world.reads == 1)
    world.write(1)
    await world.until(lambda: not world.table)


async def test_nothing_is_deleted_before_the_gateway_has_it(world: World, start: Start) -> None:
    world.write(1, 2)
    world.gateway_away = True
    await start()
    await world.until(lambda: world.reads == 4)
    assert len(world.table) == 2
    world.gateway_away = False
    await world.until(lambda: not world.table)
    assert world.posted == [2]


async def test_what_could_not_be_deleted_is_told_again_under_the_same_id(
    world: World, start: Start
) -> None:
    world.write(1)
    world.delete_fails = 2
    await start()
    await world.until(lambda: not world.table)
    assert world.posted == [1, 1, 1]
    assert list(world.committed) == [(1).to_bytes(16)]


@pytest.mark.parametrize("broken", ["database_down", "redis_broken"])
async def test_no_failure_ends_it(world: World, start: Start, broken: str) -> None:
    world.write(1)
    setattr(world, broken, True)
    await start()
    await world.until(lambda: world.reads == 4)
    setattr(world, broken, False)
    await world.until(lambda: not world.table)
