"""Group commits that are tried again until they succeed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from angarium_chassis.group_commit import GroupCommit, Overloaded

BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 2.0

log = structlog.get_logger()


class InsistentCommit[Item, Result]:
    """Commits items in groups; a group that fails waits and is tried again, for ever.

    How many items wait is bounded by who submits: each stands for something in hand.
    `run()` until cancelled. What `commit` gives for an item goes to its callback.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        items_max: int,
        bytes_max: int,
    ) -> None:
        self._name = name
        self._commit = commit
        self._failures = 0
        self.open = 0
        self._group = GroupCommit(self._try, items_max=items_max, bytes_max=bytes_max)

    @property
    def failing(self) -> bool:
        """Whether the latest commit failed."""
        return self._failures > 0

    async def run(self) -> None:
        """Commit until cancelled."""
        await self._group.run()

    def submit(self, item: Item, size_bytes: int, done: Callable[[Result], None]) -> None:
        """Commit `item`; `done` is called from the event loop when it is committed."""
        self.open += 1
        self._submit(item, size_bytes, done)

    def _submit(self, item: Item, size_bytes: int, done: Callable[[Result], None]) -> None:
        def ended(future: asyncio.Future[Result]) -> None:
            if future.cancelled() or future.exception() is not None:
                again()
                return
            self.open -= 1
            done(future.result())

        def again() -> None:
            asyncio.get_running_loop().call_later(
                self._backoff_s(), self._submit, item, size_bytes, done
            )

        try:
            future = self._group.submit(item, size_bytes)
        except Overloaded:
            again()
            return
        future.add_done_callback(ended)

    def _backoff_s(self) -> float:
        return float(min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2 ** min(self._failures, 10)))

    async def _try(self, items: Sequence[Item]) -> Sequence[Result]:
        try:
            results = await self._commit(items)
        except Exception as error:
            self._failures += 1
            log.warning(
                "commit.failed",
                commit=self._name,
                items=len(items),
                failures=self._failures,
                error=f"{type(error).__name__}: {error}"[:300],
            )
            raise
        self._failures = 0
        return results
