"""Group commits that are tried again until they succeed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from angarium_chassis.backoff import backoff_s
from angarium_chassis.group_commit import GroupCommit, Overloaded
from angarium_chassis.metrics.histogram import SECONDS, Histogram

BACKOFF_S_MIN = 0.05
BACKOFF_S_MAX = 2.0

log = structlog.get_logger()

type _Waiting[Item, Result] = tuple[Item, Callable[[Result], None], int, float | None]
"""An item, what to call with its result, and its size and pause as in `submit`."""


class RetryingGroupCommit[Item, Result]:
    """Commits items in groups; a group that fails is tried again after a while, for ever.

    Nobody waits for these commits, so after each there is a pause of `pause_s` in which items
    gather, at most `pause_bytes_max` of them, and up to `long_pause_s` while fewer than `few_bytes`
    wait: at a moderate rate that saves most of the commits, and of their wake-ups. How many items
    wait is bounded by who submits: each stands for something in hand. `run()` until cancelled.
    `durations_s` counts how long commits took.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        items_max: int,
        bytes_max: int,
        pause_s: float,
        pause_bytes_max: int,
        long_pause_s: float,
        few_bytes: int,
    ) -> None:
        self._name = name
        self._commit = commit
        self._failures = 0
        self.open = 0
        self.durations_s = Histogram(SECONDS)
        self._group = GroupCommit(
            self._try,
            items_max=items_max,
            bytes_max=bytes_max,
            pause_s=pause_s,
            pause_bytes_max=pause_bytes_max,
            long_pause_s=long_pause_s,
            few_bytes=few_bytes,
        )

    @property
    def failing(self) -> bool:
        """True while the latest commit has failed."""
        return self._failures > 0

    async def run(self) -> None:
        """Commit until cancelled, and then what waits."""
        await self._group.run()

    def submit(
        self,
        item: Item,
        size_bytes: int,
        done: Callable[[Result], None],
        *,
        pause_s: float | None = None,
    ) -> None:
        """Commit `item`; `done` is called from the event loop once it is, with what `commit`
        gave for it. It must not raise. `pause_s` as in `GroupCommit.submit`."""
        self.open += 1
        self._submit((item, done, size_bytes, pause_s))

    def _submit(self, waiting: _Waiting[Item, Result]) -> None:
        _, _, size_bytes, pause_s = waiting
        try:
            # Without a future: `_try` calls `done`, or submits again.
            self._group.submit_unwatched(waiting, size_bytes, pause_s=pause_s)
        except Overloaded:
            self._submit_again([waiting])

    def _submit_again(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        wait_s = backoff_s(self._failures, first_s=BACKOFF_S_MIN, longest_s=BACKOFF_S_MAX)
        call_later = asyncio.get_running_loop().call_later
        for waiting in group:
            call_later(wait_s, self._submit, waiting)

    async def _try(self, group: Sequence[_Waiting[Item, Result]]) -> Sequence[None]:
        began_s = asyncio.get_running_loop().time()
        try:
            results = await self._commit([waiting[0] for waiting in group])
            pairs = list(zip(group, results, strict=True))
        except asyncio.CancelledError:
            self._submit_again(group)
            raise
        except Exception as error:
            self._failures += 1
            log.warning(
                "commit.failed",
                commit=self._name,
                items=len(group),
                failures=self._failures,
                error=f"{type(error).__name__}: {error}"[:300],
            )
            self._submit_again(group)
            raise
        self._failures = 0
        self.durations_s.observe(asyncio.get_running_loop().time() - began_s)
        self.open -= len(group)
        for waiting, result in pairs:
            try:
                waiting[1](result)
            except Exception:
                # The commit is done, and those behind it in the group wait for their results.
                log.exception("commit.callback_failed", commit=self._name)
        return [None] * len(group)
