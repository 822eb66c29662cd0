"""Group commit: items that arrive during one commit go into the next."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Final

from .metrics.histogram import SECONDS, Histogram

SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200)


class Overloaded(Exception):
    """Too many items wait for a commit."""


class GroupCommit[Item, Result]:
    """Gathers the items of many callers into few commits, without artificial delay.

    `commit` receives at most `items_max` items of at most `bytes_max` bytes together (a larger
    item goes alone) and returns one result for each. When it raises, every caller of that group
    receives the error. At most `waiting_max` items wait. `run()` commits until cancelled, then
    commits the items that wait and accepts no more. The items of the `pause_s` after a commit
    gather for the next one, until `pause_bytes_max` of them wait; a pause in which nothing arrives
    has no timer.

    `sizes` counts the items of each group, `durations_s` how long its commit took, `failed` the
    groups whose commit raised.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        items_max: int = 200,
        bytes_max: int = 4 * 1024 * 1024,
        waiting_max: int = 4_000,
        waiting_bytes_max: int = 64 * 1024 * 1024,
        pause_s: float = 0.0,
        pause_bytes_max: int = sys.maxsize,
    ) -> None:
        self._commit = commit
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._waiting_max = waiting_max
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: deque[tuple[Item, int, asyncio.Future[Result]]] = deque()
        self._waiting_bytes = 0
        self._pause_s = self._shortest_pause_s = pause_s
        self._pause_bytes_max = pause_bytes_max
        self._committed_at_s = -inf
        self._committing: asyncio.Task[None] | None = None
        self._starting: asyncio.TimerHandle | None = None
        self._runs = False
        self._ended = False
        self.sizes = Histogram(SIZES)
        self.durations_s = Histogram(SECONDS)
        self.failed = 0

    @property
    def waiting(self) -> int:
        """The number of items that are in no commit yet."""
        return len(self._waiting)

    def submit(
        self, item: Item, size_bytes: int, *, pause_s: float | None = None
    ) -> asyncio.Future[Result]:
        """Queue an item for the next commit. Raises `Overloaded`, also after `run()` ended.

        An item for which somebody waits may shorten the pause that it falls into to `pause_s`.
        """
        if (
            self._ended
            or len(self._waiting) >= self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, size_bytes, result))
        self._waiting_bytes += size_bytes
        if pause_s is not None and pause_s < self._shortest_pause_s:
            self._shortest_pause_s = pause_s
            self._end_pause()
        self._start_soon()
        return result

    def submit_all(self, items: Sequence[tuple[Item, int]]) -> list[asyncio.Future[Result]]:
        """Queue items with their sizes in bytes, in order. Raises `Overloaded`, with none of them
        queued, if they do not all fit."""
        size_bytes = sum(size for _, size in items)
        if (
            self._ended
            or len(self._waiting) + len(items) > self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        make_future = asyncio.get_running_loop().create_future
        queued = [(item, size, make_future()) for item, size in items]
        self._waiting.extend(queued)
        self._waiting_bytes += size_bytes
        self._start_soon()
        return [result for _, _, result in queued]

    async def run(self) -> None:
        """Commit until cancelled."""
        self._runs = True
        self._start_soon()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._runs = False
            self._end_pause()
            if self._committing is not None:
                await asyncio.wait([self._committing])
            while self._waiting:
                await self._commit_next()
            # From here on nobody commits: an item that was accepted now would wait for ever.
            self._ended = True

    def _start_soon(self) -> None:
        """Commit what waits, unless that has begun; no task runs while nothing waits."""
        if self._committing is not None or not self._waiting or not self._runs:
            return
        if self._waiting_bytes >= self._pause_bytes_max:
            self._end_pause()
            self._start()
        elif self._starting is None:
            loop = asyncio.get_running_loop()
            left_s = self._committed_at_s + self._shortest_pause_s - loop.time()
            if left_s > 0:
                self._starting = loop.call_later(left_s, self._start)
            else:
                self._start()

    def _end_pause(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None

    def _start(self) -> None:
        # A task of its own: cancelling `run` must not cancel a commit under way, as its callers
        # would be told of a failure although their items may be stored.
        self._starting = None
        self._committing = asyncio.ensure_future(self._commit_waiting())

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting and self._runs:
                await self._commit_next()
                if self._pause_s:
                    self._committed_at_s = asyncio.get_running_loop().time()
                    break
        finally:
            self._committing = None
            self._start_soon()

    async def _commit_next(self) -> None:
        group = self._take()
        self.sizes.observe(len(group))
        clock_s = asyncio.get_running_loop().time
        began_s = clock_s()
        try:
            results = await self._commit([item for item, _, _ in group])
            if len(results) != len(group):
                raise ValueError(f"{len(results)} results for {len(group)} items")
        except asyncio.CancelledError:
            for _, _, caller in group:
                caller.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must get it
            self.failed += 1
            for _, _, caller in group:
                if not caller.done():
                    caller.set_exception(error)
            return
        self.durations_s.observe(clock_s() - began_s)
        for (_, _, caller), result in zip(group, results, strict=True):
            if not caller.done():
                caller.set_result(result)

    def _take(self) -> list[tuple[Item, int, asyncio.Future[Result]]]:
        group: list[tuple[Item, int, asyncio.Future[Result]]] = []
        group_bytes = 0
        while self._waiting and len(group) < self._items_max:
            size_bytes = self._waiting[0][1]
            if group and group_bytes + size_bytes > self._bytes_max:
                break
            group.append(self._waiting.popleft())
            group_bytes += size_bytes
        self._waiting_bytes -= group_bytes
        if not self._waiting:
            self._shortest_pause_s = self._pause_s
        return group
