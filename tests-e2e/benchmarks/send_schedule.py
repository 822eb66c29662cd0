"""Sending on a schedule, precise to well below a millisecond where the system allows."""

import asyncio
import os
import sys
import time
from collections.abc import Callable


class SendSchedule:
    """Calls `send(due_ns)` at start, start + 1/rate, start + 2/rate, …

    Event loops round timers up to whole milliseconds, a third of the interval at 300/s. A timer
    of the kernel's (timerfd, from Python 3.13 on Linux) wakes the loop on time instead.
    """

    def __init__(self, send: Callable[[int], None], rate: float, start_ns: int) -> None:
        self._send = send
        self._interval_ns = 1e9 / rate
        self._start_ns = start_ns
        self._sent = 0

    async def run(self, count: int) -> None:
        """Make `count` calls; late ones are made at once, with the time when they were due."""
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        if count <= 0:
            return
        if sys.version_info >= (3, 13) and sys.platform == "linux":
            interval_ns = max(1, int(self._interval_ns))
            fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
            try:
                os.timerfd_settime_ns(
                    fd, flags=os.TFD_TIMER_ABSTIME, initial=self._start_ns, interval=interval_ns
                )
                self._loop.add_reader(fd, self._on_timerfd, fd)
                await self._done
            finally:
                self._loop.remove_reader(fd)
                os.close(fd)
        else:
            self._loop.call_soon(self._tick_and_rearm)
            await self._done

    def _on_timerfd(self, fd: int) -> None:
        os.read(fd, 8)
        self._tick()

    def _tick_and_rearm(self) -> None:
        self._tick()
        if not self._done.done():
            wait_ns = self._due_ns() - time.monotonic_ns()
            self._loop.call_later(max(0.0, wait_ns / 1e9), self._tick_and_rearm)

    def _due_ns(self) -> int:
        return self._start_ns + int(self._sent * self._interval_ns)

    def _tick(self) -> None:
        now_ns = time.monotonic_ns()
        while self._sent < self._count and self._due_ns() <= now_ns:
            due_ns = self._due_ns()
            self._sent += 1
            self._send(due_ns)
        if self._sent >= self._count and not self._done.done():
            self._done.set_result(None)
