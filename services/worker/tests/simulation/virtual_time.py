"""Virtual time for several processes in one: each has an event loop of its own, so that it can be
killed, or frozen while time and leases pass for everybody else."""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from random import Random
from typing import Any
from weakref import WeakSet

EPOCH_S = 1_700_000_000
"""The Unix time at which a world begins."""

type Event = tuple[float, int, "ProcessLoop | None", Any]
"""When, a number that keeps the order of equals, and whose: a handle of a loop, or a call of the
world's own."""


class Scheduler:
    """Runs loops in turn, at random where several have something to do at the same time, and
    moves the clock on when none has.

    `now_s` is the time of the world, in seconds from its beginning. `broken` is told of errors
    that nobody handled.
    """

    def __init__(self, random: Random, broken: Callable[[str], None]) -> None:
        self._random = random
        self._events: list[Event] = []
        self._number = 0
        self._ready: list[ProcessLoop] = []
        self.broken = broken
        self.now_s = 0.0
        self.ticks = 0

    def later(self, delay_s: float, callback: Callable[..., Any], *args: Any) -> None:
        """Let something happen in the world."""
        self.add(self.now_s + delay_s, None, (callback, args))

    def add(self, when_s: float, loop: "ProcessLoop | None", what: Any) -> None:
        """Something happens at that time."""
        self._number += 1
        heappush(self._events, (when_s, self._number, loop, what))

    def becomes_ready(self, loop: "ProcessLoop") -> None:
        """A loop that was idle has something to do."""
        self._ready.append(loop)

    def step(self, until_s: float) -> "ProcessLoop | bool | None":
        """One tick of one loop, which is given, or one event of the world (None); False: nothing
        happens before `until_s`, and that is the time now."""
        ready = self._ready
        if ready:
            at = int(self._random.random() * len(ready)) if len(ready) > 1 else 0
            loop = ready.pop(at)
            self.ticks += 1
            loop.turn()
            return loop
        if not self._events or self._events[0][0] > until_s:
            self.now_s = until_s
            return False
        when_s, _, of_loop, what = heappop(self._events)
        if when_s > self.now_s:
            self.now_s = when_s
        if of_loop is None:
            callback, args = what
            callback(*args)
        elif not what.cancelled():
            of_loop.push(what)
        return of_loop


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one process. It runs only when its scheduler lets it, and not at all
    while it is not live."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._ready: deque[asyncio.Handle] = deque()
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.is_live = True
        self._is_queued = False
        self._is_buried = False

    def time(self) -> float:
        return self._scheduler.now_s

    def push(self, handle: asyncio.Handle) -> None:
        """It is to run next."""
        self._ready.append(handle)
        if not self._is_queued and self.is_live:
            self._is_queued = True
            self._scheduler.becomes_ready(self)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self.push(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._scheduler.now_s + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._scheduler.add(when, self, handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, **more)
        self._tasks.add(task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not self._is_buried and error is not None:
            self._scheduler.broken(f"{context.get('message')}: {type(error).__name__}: {error}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when their time comes."""

    def turn(self) -> None:
        """What is ready now runs, unless it may not."""
        if self.is_live:
            self.tick()
        else:
            self._is_queued = False

    def tick(self) -> None:
        """Run what is ready now, once round."""
        ready = self._ready
        events._set_running_loop(self)
        try:
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:
                    handle._run()
        finally:
            events._set_running_loop(None)
        self._is_queued = bool(ready) and self.is_live
        if self._is_queued:
            self._scheduler.becomes_ready(self)

    def freeze(self) -> None:
        """Nothing runs until it is thawed; what comes meanwhile waits."""
        self.is_live = False

    def thaw(self) -> None:
        """Go on."""
        self.is_live = True
        if self._ready and not self._is_queued:
            self._is_queued = True
            self._scheduler.becomes_ready(self)

    def bury(self) -> None:
        """Let the coroutines of a process that is no more end, so that none is left over.

        `asyncio.all_tasks` would go through the tasks of every earlier world too.
        """
        self._is_buried = True
        for _ in range(10):
            tasks = [task for task in self._tasks if not task.done()]
            if not tasks:
                break
            events._set_running_loop(self)
            for task in tasks:
                task.cancel()
            for _ in range(30):
                if not self._ready:
                    break
                self.tick()
        events._set_running_loop(None)
        for task in self._tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
