"""Connections to streams' servers, kept and counted by target."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from .resp_connection import RespConnection


class StreamLimits(Struct, frozen=True):
    """Bounds. `targets_max` servers are remembered with their idle connections, those used last;
    a connection that is idle for longer than `idle_timeout_s` is not used again."""

    connections_per_target_max: int = 16
    idle_per_target_max: int = 4
    targets_max: int = 256
    idle_timeout_s: float = 30.0


class _Target:
    """One server, as one user: its idle connections, and the places for those in use."""

    __slots__ = ("idle", "in_use", "places")

    def __init__(self, connections_max: int) -> None:
        self.places = asyncio.Semaphore(connections_max)
        self.idle: deque[RespConnection] = deque()
        self.in_use = 0


class StreamConnections:
    """A pool. Construct it inside the loop that uses it."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._targets: dict[str, _Target] = {}

    @property
    def idle_count(self) -> int:
        return sum(len(target.idle) for target in self._targets.values())

    @asynccontextmanager
    async def place(self, key: str) -> AsyncIterator[None]:
        """Wait for one of the target's places and hold it."""
        target = self._targets.pop(key, None) or _Target(self._limits.connections_per_target_max)
        self._targets[key] = target
        target.in_use += 1
        try:
            async with target.places:
                yield
        finally:
            target.in_use -= 1
            self._forget_longest_unused()

    def take(self, key: str) -> RespConnection | None:
        """A kept connection, the one used last, or None."""
        target = self._targets.get(key)
        while target is not None and target.idle:
            connection = target.idle.pop()
            if connection.is_closed:
                continue
            if self._loop.time() - connection.idle_since <= self._limits.idle_timeout_s:
                return connection
            connection.abort()
        return None

    def keep(self, key: str, connection: RespConnection) -> None:
        """Keep a connection that has served, for the next."""
        target = self._targets.get(key)
        if target is None or len(target.idle) >= self._limits.idle_per_target_max:
            connection.abort()
            return
        connection.idle_since = self._loop.time()
        target.idle.append(connection)

    def close(self) -> None:
        """Close every idle connection."""
        for target in self._targets.values():
            while target.idle:
                target.idle.pop().abort()

    def _forget_longest_unused(self) -> None:
        if len(self._targets) <= self._limits.targets_max:
            return
        unused = next((key for key, each in self._targets.items() if not each.in_use), None)
        if unused is not None:
            for connection in self._targets.pop(unused).idle:
                connection.abort()
