"""Simulated time for tests of loops: sleeping costs nothing, and is exact."""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        self._now_s += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: SimulatedTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing is left to happen: the test waits for ever")
        self._loop.advance(max(0.0, timeout))
        return super().select(0)


def simulated[**P](test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in simulated time: a sleep costs nothing and is exact."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SimulatedTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now_s() -> float:
    """The simulated time."""
    return asyncio.get_running_loop().time()


class Running:
    """Runs work beside a test until the test leaves; the work's own error fails the test."""

    def __init__(self, *works: Callable[[], Awaitable[None]]) -> None:
        self._works = works
        self.tasks: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        self.tasks = [asyncio.ensure_future(work()) for work in self._works]
        await quiet()

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task


async def quiet() -> None:
    """Let everything happen that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)
