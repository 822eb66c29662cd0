"""Each change of a process's readiness is one log line."""

import asyncio
from typing import Any

import pytest
from angarium_chassis import health
from angarium_chassis.health import Readiness
from structlog.testing import capture_logs


class Examined:
    def __init__(self) -> None:
        self.problem: str | None = "no connection"
        self.readiness = Readiness({"database": self.check})

    async def check(self) -> str | None:
        return self.problem

    async def lines(self, *, problem: str | None, times: int = 1) -> list[Any]:
        self.problem = problem
        with capture_logs() as lines:
            for _ in range(times):
                await self.readiness.problems()
        return [(line["event"], line.get("reasons")) for line in lines]


async def test_a_process_logs_once_that_it_is_ready() -> None:
    examined = Examined()

    assert await examined.lines(problem="no connection", times=3) == []
    assert await examined.lines(problem=None, times=3) == [("process.ready", None)]
    assert examined.readiness.was_ready


async def test_a_process_logs_why_it_is_not_ready_any_more_and_that_it_is_again() -> None:
    examined = Examined()
    await examined.lines(problem=None)

    assert await examined.lines(problem="away", times=3) == [
        ("process.not_ready", {"database": "away"})
    ]
    assert not examined.readiness.was_ready
    assert await examined.lines(problem=None, times=3) == [("process.ready_again", None)]


async def test_a_process_that_does_not_get_ready_logs_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STARTING_S", 0.0)

    assert await Examined().lines(problem="away", times=3) == [
        ("process.not_ready", {"database": "away"})
    ]


async def test_a_process_that_stops_is_not_said_to_have_a_problem() -> None:
    examined = Examined()
    await examined.lines(problem=None)
    examined.readiness.stopping = True

    assert await examined.lines(problem=None) == []
    assert not examined.readiness.was_ready


async def test_work_that_is_cancelled_makes_the_process_unready_first() -> None:
    examined = Examined()
    task = asyncio.create_task(examined.readiness.stop_when_cancelled())
    await asyncio.sleep(0)
    assert not examined.readiness.stopping

    task.cancel()
    await asyncio.wait([task])

    assert await examined.readiness.problems() == {"process": "it is stopping"}
