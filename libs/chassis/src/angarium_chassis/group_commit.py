"""Group commit: items that arrive during one commit go into the next."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any, Final, Protocol

from .metrics.histogram import SECONDS, Histogram

SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200)


class Overloaded(Exception):
    """Too many items wait for a commit."""


type Submitted[Item] = tuple[Sequence[Item], int, asyncio.Future[Any] | None, bool]
"""Items that are in no commit yet and stay together, their size in bytes, the future of their
caller if it waits, and whether it gets a sequence of results. A plain tuple, because one is made
for each message."""


class WaitingItems[Item](Protocol):
    """The items that wait, in an order of its own."""

    def append(self, submitted: Submitted[Item]) -> None:
        """Let more wait. Raises `Overloaded`."""

    def ready_in_s(self) -> float:
        """How long until some may be taken; 0 or less: now. Not asked while nothing waits."""

    def take(self, items_max: int, bytes_max: int, *, everything: bool) -> list[Submitted[Item]]:
        """Take the items of the next commit. At least some if they are ready, or if `everything`
        is: the commits are about to end."""


class InOrder[Item](deque[Submitted[Item]]):
    """Implements `WaitingItems`: first come, first served."""

    def ready_in_s(self) -> float:
        """See the port."""
        return 0.0

    def take(self, items_max: int, bytes_max: int, *, everything: bool) -> list[Submitted[Item]]:
        """See the port."""
        group: list[Submitted[Item]] = []
        count = group_bytes = 0
        while self:
            items, size_bytes, _, _ = self[0]
            if group and (count + len(items) > items_max or group_bytes + size_bytes > bytes_max):
                break
            group.append(self.popleft())
            count += len(items)
            group_bytes += size_bytes
        return group


class GroupCommit[Item, Result]:
    """Gathers the items of many callers into few commits, without artificial delay.

    `commit` receives at most `items_max` items of at most `bytes_max` bytes together (a larger
    item goes alone) and returns one result for each. When it raises, every caller of that group
    receives the error. At most `waiting_max` items wait, in the order of `queue`: first come, first
    served if it is not given. `run()` commits until cancelled, then commits the items that wait and
    accepts no more. The items of the `pause_s` after a commit gather for the next one, until
    `pause_bytes_max` of them wait; a pause in which nothing arrives has no timer. While fewer than
    `few_bytes` wait, the pause goes on, up to `long_pause_s` after the commit: so a group does not
    get smaller where many processes share a rate.

    Items that were submitted together, by `submit_all`, stay together: they go into one group, as
    one item with the bytes of all, and their caller gets one answer.

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
        queue: WaitingItems[Item] | None = None,
        pause_bytes_max: int = sys.maxsize,
        long_pause_s: float = 0.0,
        few_bytes: int = 0,
    ) -> None:
        self._commit = commit
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._waiting_max = waiting_max
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: WaitingItems[Item] = InOrder() if queue is None else queue
        self._count = 0
        self._waiting_bytes = 0
        self._pause_s = pause_s
        self._longest_pause_s = self._shortest_pause_s = max(pause_s, long_pause_s)
        self._few_bytes = few_bytes
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
        return self._count

    def submit(
        self, item: Item, size_bytes: int, *, pause_s: float | None = None
    ) -> asyncio.Future[Result]:
        """Queue an item for the next commit. Raises `Overloaded`, also after `run()` ended.

        An item for which somebody waits may shorten the pause that it falls into to `pause_s`.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._submit(item, size_bytes, result, pause_s)
        return result

    def submit_unwatched(
        self, item: Item, size_bytes: int, *, pause_s: float | None = None
    ) -> None:
        """As `submit`, without a future: `commit` itself has to note what came of the item, also
        where it raises or is cancelled."""
        self._submit(item, size_bytes, None, pause_s)

    def _submit(
        self,
        item: Item,
        size_bytes: int,
        result: asyncio.Future[Result] | None,
        pause_s: float | None,
    ) -> None:
        if (
            self._ended
            or self._count >= self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        self._waiting.append(((item,), size_bytes, result, False))
        self._count += 1
        self._waiting_bytes += size_bytes
        if pause_s is not None:
            self._shorten_pause(pause_s)
        if self._few_bytes and self._waiting_bytes >= self._few_bytes:
            self._shorten_pause(self._pause_s)
        self._start_soon()

    def submit_all(
        self, items: Sequence[Item], size_bytes: int
    ) -> asyncio.Future[Sequence[Result]]:
        """Queue items, at most `items_max`, that have so many bytes together, for one commit. Gives
        their results, in order. Raises `Overloaded`, with none of them queued, if they do not all
        fit."""
        if len(items) > self._items_max:
            raise ValueError(f"{len(items)} items do not fit into one group")
        if (
            self._ended
            or self._count + len(items) > self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        results: asyncio.Future[Sequence[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, size_bytes, results, True))
        self._count += len(items)
        self._waiting_bytes += size_bytes
        if self._few_bytes and self._waiting_bytes >= self._few_bytes:
            self._shorten_pause(self._pause_s)
        self._start_soon()
        return results

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
            while self._count:
                await self._commit_next(everything=True)
            # From here on nobody commits: an item that was accepted now would wait for ever.
            self._ended = True

    def _start_soon(self) -> None:
        """Commit what waits, unless that has begun; no task runs while nothing waits."""
        if self._committing is not None or not self._count or not self._runs:
            return
        now_s = asyncio.get_running_loop().time()
        pause_s = 0.0
        if self._waiting_bytes < self._pause_bytes_max:
            pause_s = self._committed_at_s + self._shortest_pause_s - now_s
        if self._starting is not None:
            if pause_s > 0:
                return
            # An item that came since may be ready earlier than those that waited before.
            self._end_pause()
        wait_s = max(pause_s, self._waiting.ready_in_s())
        if wait_s > 0:
            self._starting = asyncio.get_running_loop().call_later(wait_s, self._start)
        else:
            self._start()

    def _shorten_pause(self, pause_s: float) -> None:
        if pause_s < self._shortest_pause_s:
            self._shortest_pause_s = pause_s
            self._end_pause()

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
            while self._count and self._runs and self._waiting.ready_in_s() <= 0:
                await self._commit_next()
                if self._pause_s:
                    self._committed_at_s = asyncio.get_running_loop().time()
                    break
        finally:
            self._committing = None
            self._start_soon()

    async def _commit_next(self, *, everything: bool = False) -> None:
        group = self._waiting.take(self._items_max, self._bytes_max, everything=everything)
        items = [item for submitted in group for item in submitted[0]]
        self._count -= len(items)
        if not self._count:
            self._shortest_pause_s = self._longest_pause_s
        self._waiting_bytes -= sum([submitted[1] for submitted in group])
        self.sizes.observe(len(items))
        clock_s = asyncio.get_running_loop().time
        began_s = clock_s()
        try:
            results = await self._commit(items)
            if len(results) != len(items):
                raise ValueError(f"{len(results)} results for {len(items)} items")
        except asyncio.CancelledError:
            for caller in _callers(group):
                caller.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must get it
            self.failed += 1
            for caller in _callers(group):
                if not caller.done():
                    caller.set_exception(error)
            return
        self.durations_s.observe(clock_s() - began_s)
        start = 0
        for some, _, waiter, together in group:
            end = start + len(some)
            if waiter is not None and not waiter.done():
                waiter.set_result(results[start:end] if together else results[start])
            start = end


def _callers(group: Sequence[Submitted[Any]]) -> list[asyncio.Future[Any]]:
    return [submitted[2] for submitted in group if submitted[2] is not None]
