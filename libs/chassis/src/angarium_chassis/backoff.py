"""Exponential backoff: growing pauses between the tries of something that keeps failing."""

import asyncio
from collections.abc import Awaitable, Callable

SPREAD = 0.25
"""Share by which a random pause is longer or shorter, so that processes that failed together do
not try again together."""
_DOUBLINGS_MAX = 64


def backoff_s(failures: int, *, first_s: float, longest_s: float) -> float:
    """The pause after `failures` earlier failures: `first_s` after none, then doubled with each,
    up to `longest_s`."""
    return float(min(longest_s, first_s * 2.0 ** min(failures, _DOUBLINGS_MAX)))


class Backoff:
    """Pauses of `backoff_s`, counted from the latest success.

    With `random`, which is uniform in 0 to 1, each is longer or shorter by up to `SPREAD`.
    """

    def __init__(
        self, first_s: float, longest_s: float, *, random: Callable[[], float] | None = None
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._random = random
        self._failures = 0

    def reset(self) -> None:
        """Start again from the first pause, after a success."""
        self._failures = 0

    def next_s(self) -> float:
        """Count a failure. Returns the pause after it."""
        pause_s = backoff_s(self._failures, first_s=self._first_s, longest_s=self._longest_s)
        self._failures += 1
        if self._random is None:
            return pause_s
        return pause_s * (1 - SPREAD + 2 * SPREAD * self._random())


async def repeat_with_backoff(step: Callable[[], Awaitable[bool]], backoff: Backoff) -> None:
    """Repeat `step` until cancelled, with a pause after each that returns False.

    `step` waits for work by itself, and turns the errors that a retry may mend into False.
    """
    while True:
        if await step():
            backoff.reset()
        else:
            await asyncio.sleep(backoff.next_s())
