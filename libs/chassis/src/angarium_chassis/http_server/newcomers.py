"""Turns of connections that had no answer yet, a few in each iteration of the event loop.

Hundreds of clients that connect at once would hold up all others for as long as it takes to read
and start their requests, all in one iteration. Bounded, a crowd waits for itself, and
clients that are in conversation are served between its turns.
"""

import asyncio
from collections import deque
from typing import Protocol

READS_PER_ITERATION = 4
WAITING_BYTES_MAX = 4 * 1024 * 1024
"""What newcomers sent and was not looked at yet. Beyond that they are read at once."""


class Newcomer(Protocol):
    """A connection that had no answer yet."""

    def read(self, data: bytes) -> None:
        """Take what the client sent, now that it is its turn."""


class Newcomers:
    """The newcomers of one port, first come, first served. Each waits with one read at most: pause
    its reading when `admit` says no, and resume it in `read`."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Newcomer, bytes]] = deque()
        self._waiting_bytes = 0
        self._left = READS_PER_ITERATION
        self._counts = False

    def admit(self, newcomer: Newcomer, data: bytes) -> bool:
        """Whether it may read at once. If not, its `read` is called in a later iteration."""
        if not self._counts:
            self._counts = True
            asyncio.get_running_loop().call_soon(self._next_iteration)
        if self._left and not self._waiting:
            self._left -= 1
            return True
        if self._waiting_bytes + len(data) > WAITING_BYTES_MAX:
            return True
        self._waiting.append((newcomer, data))
        self._waiting_bytes += len(data)
        return False

    def _next_iteration(self) -> None:
        for _ in range(min(READS_PER_ITERATION, len(self._waiting))):
            newcomer, data = self._waiting.popleft()
            self._waiting_bytes -= len(data)
            newcomer.read(data)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next_iteration)
        else:
            self._left = READS_PER_ITERATION
            self._counts = False
