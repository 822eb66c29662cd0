"""Turns of what can wait: a few in each iteration of the event loop.

Hundreds of clients that connect at once, or that send requests without waiting for answers, would
hold up all others for as long as it takes to read and start their requests, all in one iteration.
With turns a crowd waits for itself, and clients that are in conversation are served in between.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

WAITING_FOR_ONE_MORE: Final = 100
"""An iteration has one more turn for each so many that wait, so that a queue cannot grow for long
however long iterations are."""
WAITING_BYTES_MAX: Final = 4 * 1024 * 1024
"""Received bytes that may wait for their turn. Beyond that nothing waits."""


class Turns:
    """The turns of one port, first come, first served."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._waiting_bytes = 0
        self._taken = False

    def take(self, turn: Callable[[], None], size_bytes: int = 0) -> bool:
        """Call `turn` now if no other had this iteration, else in a later one. True if it was now.

        `size_bytes` is what it holds in memory until then.
        """
        full = self._waiting_bytes + size_bytes > WAITING_BYTES_MAX
        if self._taken and not full:
            self._waiting.append((turn, size_bytes))
            self._waiting_bytes += size_bytes
            return False
        if not self._taken:
            self._taken = True
            asyncio.get_running_loop().call_soon(self._next_iteration)
        turn()
        return True

    def _next_iteration(self) -> None:
        if not self._waiting:
            self._taken = False
            return
        asyncio.get_running_loop().call_soon(self._next_iteration)
        for _ in range(1 + len(self._waiting) // WAITING_FOR_ONE_MORE):
            turn, size_bytes = self._waiting.popleft()
            self._waiting_bytes -= size_bytes
            turn()
