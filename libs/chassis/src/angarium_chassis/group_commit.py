"""Group commit: items that arrive during one commit go into the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from .metrics.histogram import SECONDS, Histogram

SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200)


class Overloaded(Exception):
    """Too many items wait for a commit."""


type WaitingItem[Item, Result] = tuple[Item, int, asyncio.Future[Result]]
"""An item that is in no commit yet, its size in bytes, and the future of its caller. A plain tuple,
because one is made for each message."""


class WaitingItems[Item, Result](Protocol):
    """The items that wait, in an order of its own."""

    def append(self, waiting: WaitingItem[Item, Result]) -> None:
        """Let one more wait. Raises `Overloaded`."""

    def extend(self, waiting: Sequence[WaitingItem[Item, Result]]) -> None:
        """Let more wait, in order. Raises `Overloaded`, with none of them waiting then."""

    def ready_in_s(self) -> float:
        """How long until some may be taken; 0 or less: now. Not asked while nothing waits."""

    def take(
        self, items_max: int, bytes_max: int, *, everything: bool
    ) -> tuple[list[WaitingItem[Item, Result]], int]:
        """Take the items of the next commit; they, and their bytes. At least one if some are
        ready, or if `everything` is: the commits are about to end."""


class InOrder[Item, Result](deque[WaitingItem[Item, Result]]):
    """Implements `WaitingItems`: first come, first served."""

    def ready_in_s(self) -> float:
        """See the port."""
        return 0.0

    def take(
        self, items_max: int, bytes_max: int, *, everything: bool
    ) -> tuple[list[WaitingItem[Item, Result]], int]:
        """See the port."""
        group: list[WaitingItem[Item, Result]] = []
        group_bytes = 0
        while self and len(group) < items_max:
            size_bytes = self[0][1]
            if group and group_bytes + size_bytes > bytes_max:
                break
            group.append(self.popleft())
            group_bytes += size_bytes
        return group, group_bytes


class GroupCommit[Item, Result]:
    """Gathers the items of many callers into few commits, without artificial delay.

    `commit` receives at most `items_max` items of at most `bytes_max` bytes together (a larger
    item goes alone) and returns one result for each. When it raises, every caller of that group
    receives the error. At most `waiting_max` items wait, in the order of `queue`: first come, first
    served if it is not given. `run()` commits until cancelled, then commits the items that wait and
    accepts no more. The items of the `pause_s` after a commit gather for the next one; a pause in
    which nothing arrives has no timer.

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
        queue: WaitingItems[Item, Result] | None = None,
    ) -> None:
        self._commit = commit
        self._items_max = items_max
        self._bytes_max = bytes_max
        self._waiting_max = waiting_max
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: WaitingItems[Item, Result] = InOrder() if queue is None else queue
        self._count = 0
        self._waiting_bytes = 0
        self._pause_s = pause_s
        self._paused_until_s = 0.0
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

    def submit(self, item: Item, size_bytes: int) -> asyncio.Future[Result]:
        """Queue an item for the next commit. Raises `Overloaded`, also after `run()` ended."""
        if (
            self._ended
            or self._count >= self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, size_bytes, result))
        self._count += 1
        self._waiting_bytes += size_bytes
        self._start_soon()
        return result

    def submit_all(self, items: Sequence[tuple[Item, int]]) -> list[asyncio.Future[Result]]:
        """Queue items with their sizes in bytes, in order. Raises `Overloaded`, with none of them
        queued, if they do not all fit."""
        size_bytes = sum(size for _, size in items)
        if (
            self._ended
            or self._count + len(items) > self._waiting_max
            or self._waiting_bytes + size_bytes > self._waiting_bytes_max
        ):
            raise Overloaded
        make_future = asyncio.get_running_loop().create_future
        queued = [(item, size, make_future()) for item, size in items]
        self._waiting.extend(queued)
        self._count += len(queued)
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
            if self._starting is not None:
                self._starting.cancel()
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
        if self._starting is not None:
            if self._paused_until_s > now_s:
                return
            # An item that came since may be ready earlier than those that waited before.
            self._starting.cancel()
            self._starting = None
        wait_s = max(self._paused_until_s - now_s, self._waiting.ready_in_s())
        if wait_s > 0:
            self._starting = asyncio.get_running_loop().call_later(wait_s, self._start)
        else:
            self._start()

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
                    self._paused_until_s = asyncio.get_running_loop().time() + self._pause_s
                    break
        finally:
            self._committing = None
            self._start_soon()

    async def _commit_next(self, *, everything: bool = False) -> None:
        group, group_bytes = self._waiting.take(
            self._items_max, self._bytes_max, everything=everything
        )
        self._count -= len(group)
        self._waiting_bytes -= group_bytes
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
