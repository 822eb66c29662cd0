"""Virtual time for several processes in one: each has an event loop of its own, so that it can be
killed, or frozen while time and leases pass for everybody else."""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from random import Random
from typing import Any


class Clock:
    """The time of the world, in seconds from its beginning."""

    def __init__(self) -> None:
        self.now_s = 0.0


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one process. It runs only when `tick` is called.

    `broken` is told of errors that nobody handled.
    """

    def __init__(self, clock: Clock, broken: Callable[[str], None]) -> None:
        self._clock = clock
        self._broken = broken
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = count()
        self.running = True

    def time(self) -> float:
        return self._clock.now_s

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._clock.now_s + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        return asyncio.Task(coro, loop=self, **more)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self.running

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if self.running and error is not None:
            self._broken(f"{context.get('message')}: {type(error).__name__}: {error}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when their time comes."""

    def next_s(self) -> float | None:
        """When there is something to do; None: not before somebody else does something."""
        if self._ready:
            return self._clock.now_s
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        return timers[0][0] if timers else None

    def tick(self) -> None:
        """Run what is ready now, once round."""
        timers, now_s = self._timers, self._clock.now_s
        while timers and timers[0][0] <= now_s:
            self._ready.append(heapq.heappop(timers)[2])
        events._set_running_loop(self)
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            events._set_running_loop(None)

    def bury(self) -> None:
        """Let the coroutines of a process that is no more end, so that none is left over."""
        self.running = False
        for _ in range(10):
            tasks = [task for task in asyncio.all_tasks(self) if not task.done()]
            if not tasks:
                break
            events._set_running_loop(self)
            for task in tasks:
                task.cancel()
            events._set_running_loop(None)
            for _ in range(30):
                if not self._ready:
                    break
                self.tick()
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]


class Scheduler:
    """Runs loops in turn, at random where several have something to do at the same time, and
    moves the clock to the next timer when none has."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self.loops: list[ProcessLoop] = []
        self.frozen: set[ProcessLoop] = set()
        self.ticks = 0

    def step(self, until_s: float) -> bool:
        """One tick of one loop, or on to the next timer; False: nothing happens before."""
        soonest_s = until_s
        ready: list[ProcessLoop] = []
        now_s = self._clock.now_s
        for loop in self.loops:
            if loop in self.frozen:
                continue
            next_s = loop.next_s()
            if next_s is None:
                continue
            if next_s <= now_s:
                ready.append(loop)
            elif next_s < soonest_s:
                soonest_s = next_s
        if ready:
            self.ticks += 1
            loop = ready[0] if len(ready) == 1 else self._random.choice(ready)
            loop.tick()
            return True
        self._clock.now_s = soonest_s
        return soonest_s < until_s
