"""Open connections, kept and counted by origin. Callbacks only: no task, no future, no timer each.

A connection is being dialled, in use, or idle; it holds one of its origin's places and one of
the pool's. Who finds neither a kept connection nor a place waits until one is handed over:
first those whom the pool's bound keeps waiting, for they are the origins with fewer connections.
"""

import asyncio
import time
from collections import OrderedDict
from typing import Protocol

from angarium_worker.adapters.destinations.dialing.origin import Origin

from .connection import Connection
from .limits import SenderLimits

_SWEEP_PAUSE_MIN_S = 0.05


class Seeker(Protocol):
    """Callbacks for a connection; one of the two is called, at once or later."""

    @property
    def origin(self) -> Origin: ...

    def use(self, connection: Connection) -> None:
        """Here is a kept connection: `release` it after the exchange, or abort it."""
        ...

    def dial(self) -> None:
        """Here is a place: tell `opened` when a connection fills it, else `give_up_place`."""
        ...


class _Lane:
    """The pool's state of one origin."""

    __slots__ = ("idle", "places", "waiting")

    def __init__(self) -> None:
        self.places = 0
        self.idle: list[Connection] = []
        self.waiting: OrderedDict[Seeker, None] = OrderedDict()


class ConnectionPool:
    """Bounded by origin, over all, and in idle time."""

    def __init__(self, limits: SenderLimits) -> None:
        self._limits = limits
        self._lanes: dict[str, _Lane] = {}
        self._places = 0
        self._open: set[Connection] = set()
        self._idle: OrderedDict[Connection, None] = OrderedDict()  # longest idle first
        self._kept_bytes = 0
        self._blocked: OrderedDict[Seeker, None] = OrderedDict()  # by the pool's own bound
        self._waiting = 0
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def places_taken(self) -> int:
        """Connections open or being dialled."""
        return self._places

    @property
    def idle_count(self) -> int:
        return len(self._idle)

    @property
    def waiting_count(self) -> int:
        return self._waiting

    def seek(self, seeker: Seeker, *, fresh: bool = False) -> bool:
        """Serve the seeker now or keep it waiting; False if it may not even wait.

        `fresh` asks for a place, not for a kept connection: those of its origin are doubtful.
        """
        key = seeker.origin.key
        lane = self._lanes.get(key) or self._new_lane(key)
        if lane.idle:
            connection = lane.idle[-1]
            if not fresh:
                lane.idle.pop()
                del self._idle[connection]
                self._kept_bytes -= seeker.origin.kept_bytes
                seeker.use(connection)
                return True
            connection.close()
            lane = self._lanes.get(key) or self._new_lane(key)
        if lane.places >= self._limits.connections_per_origin_max:
            return self._wait(seeker, lane.waiting)
        if self._places >= self._limits.connections_max:
            if not self._idle:
                self._forget_if_unused(key, lane)
                return self._wait(seeker, self._blocked)
            next(iter(self._idle)).close()
        self._give_place(seeker, lane)
        return True

    def leave(self, seeker: Seeker) -> None:
        """Wait no more; nothing happens for one who does not wait."""
        key = seeker.origin.key
        if seeker in self._blocked:
            del self._blocked[seeker]
            self._waiting -= 1
        elif (lane := self._lanes.get(key)) is not None and seeker in lane.waiting:
            del lane.waiting[seeker]
            self._waiting -= 1
            self._forget_if_unused(key, lane)

    def opened(self, connection: Connection) -> None:
        """The connection fills the place given with `dial`."""
        self._open.add(connection)
        if connection.is_closed:
            self.closed(connection)

    def release(self, connection: Connection) -> None:
        """Take back a connection that can carry another exchange."""
        now = time.monotonic()
        lane = self._lanes[connection.origin.key]
        if self._blocked or now - connection.opened_at > self._limits.connection_age_max_s:
            connection.close()
        elif lane.waiting:
            self._waiting -= 1
            lane.waiting.popitem(last=False)[0].use(connection)
        else:
            connection.idle_since = now
            lane.idle.append(connection)
            self._idle[connection] = None
            self._kept_bytes += connection.origin.kept_bytes
            if self._kept_bytes > self._limits.kept_bytes_max:
                self._close_beyond_bytes()
            if self._sweep is None:
                self._sweep_in(self._limits.idle_timeout_s)

    def closed(self, connection: Connection) -> None:
        """A connection can carry no more; frees its place."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        if connection in self._idle:
            del self._idle[connection]
            self._kept_bytes -= connection.origin.kept_bytes
            self._lanes[connection.origin.key].idle.remove(connection)
        self.give_up_place(connection.origin)

    def give_up_place(self, origin: Origin) -> None:
        """A place is free again; the next who waits gets it."""
        lane = self._lanes[origin.key]
        lane.places -= 1
        self._places -= 1
        while self._blocked:
            self._waiting -= 1
            seeker = self._blocked.popitem(last=False)[0]
            theirs = self._lanes.get(seeker.origin.key) or self._new_lane(seeker.origin.key)
            if theirs.places < self._limits.connections_per_origin_max:
                self._give_place(seeker, theirs)
                break
            self._wait(seeker, theirs.waiting)
        else:
            if lane.waiting:
                self._waiting -= 1
                self._give_place(lane.waiting.popitem(last=False)[0], lane)
        self._forget_if_unused(origin.key, lane)

    def close(self) -> None:
        """Close every connection and stop the sweep; whoever uses one is not told."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in list(self._open):
            if connection in self._idle:
                connection.close()
            else:
                connection.abort()

    def _close_beyond_bytes(self) -> None:
        while self._idle and self._kept_bytes > self._limits.kept_bytes_max:
            next(iter(self._idle)).close()

    def _new_lane(self, key: str) -> _Lane:
        lane = self._lanes[key] = _Lane()
        return lane

    def _give_place(self, seeker: Seeker, lane: _Lane) -> None:
        lane.places += 1
        self._places += 1
        seeker.dial()

    def _wait(self, seeker: Seeker, queue: OrderedDict[Seeker, None]) -> bool:
        if self._waiting >= self._limits.waiting_max:
            return False
        self._waiting += 1
        queue[seeker] = None
        return True

    def _forget_if_unused(self, key: str, lane: _Lane) -> None:
        if lane.places == 0 and not lane.waiting and self._lanes.get(key) is lane:
            del self._lanes[key]

    def _sweep_in(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(max(pause_s, _SWEEP_PAUSE_MIN_S), self._close_expired)

    def _close_expired(self) -> None:
        """One timer for all: it looks at the longest idle ones only, and rests with none."""
        self._sweep = None
        now = time.monotonic()
        while self._idle:
            oldest = next(iter(self._idle))
            left_s = oldest.idle_since + self._limits.idle_timeout_s - now
            if left_s > 0:
                self._sweep_in(left_s)
                return
            oldest.close()
