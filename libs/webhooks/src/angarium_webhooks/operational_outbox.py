"""Telling the gateway of operational events that were written down with what caused them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import random as uniform
from typing import Protocol

import structlog
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.operational import OperationalEvent, PostOperationalEvents
from angarium_contracts.queries import Done, Problem
from angarium_contracts.stream_names import GATEWAY_QUERIES

EVENTS_PER_POST_MAX = 100
LOOK_EVERY_S = 5.0
AGAIN_S_MIN = 0.5
AGAIN_S_MAX = 30.0

log = structlog.get_logger()
_done = Reader(Done)


class OutboxRows(Protocol):
    """The table in which events wait. Its methods may raise whatever a broken database does."""

    async def read(self, limit: int) -> list[OperationalEvent]:
        """The first `limit` events, oldest first."""
        ...

    async def delete(self, ids: Sequence[bytes]) -> None:
        """Remove these; those that are gone already are passed over."""
        ...


class Queries(Protocol):
    """Asks other services; `QueryClient` is one."""

    async def ask[T](self, stream: str, question: Contract, answers: Reader[T]) -> T | Problem:
        """The answer to `question`, or why there is none."""
        ...


def pauses_s(random: Callable[[], float], shortest_s: float, longest_s: float) -> Iterator[float]:
    """How long to wait after the first, second, … failure: doubled from `shortest_s` up to
    `longest_s`, a quarter more or less. `random` is uniform in 0 to 1."""
    pause_s = shortest_s
    while True:
        yield pause_s * (0.75 + 0.5 * random())
        pause_s = min(pause_s * 2, longest_s)


class Outbox:
    """Posts events until the gateway has them. `run()` until cancelled.

    An event is deleted only after the gateway answered `Done`, so each is told at least once;
    its id makes it happen once. Several processes may empty one table. A database or gateway
    that fails is tried again after a pause (`pauses_s`, from `again_s_min` to `again_s_max`).
    """

    def __init__(
        self,
        queries: Queries,
        rows: OutboxRows,
        *,
        random: Callable[[], float] = uniform,
        look_every_s: float = LOOK_EVERY_S,
        again_s_min: float = AGAIN_S_MIN,
        again_s_max: float = AGAIN_S_MAX,
    ) -> None:
        self._queries = queries
        self._rows = rows
        self._look_every_s = look_every_s
        self._pauses = partial(pauses_s, random, again_s_min, again_s_max)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was written: look at once, rather than within `look_every_s`."""
        self._woken.set()

    async def run(self) -> None:
        """Post until cancelled."""
        pauses = self._pauses()
        while True:
            self._woken.clear()
            try:
                posted = await self._post_once()
            except Exception as error:  # noqa: BLE001 - the database's own errors, or Redis's
                posted = None
                log.warning("outbox.failed", error=f"{type(error).__name__}: {error}"[:300])
            if posted is None:
                await asyncio.sleep(next(pauses))
                continue
            pauses = self._pauses()
            if posted < EVENTS_PER_POST_MAX:
                await self._pause()

    async def _post_once(self) -> int | None:
        """How many events were posted; None: the gateway has not taken them."""
        events = await self._rows.read(EVENTS_PER_POST_MAX)
        if not events:
            return 0
        command = PostOperationalEvents(events=tuple(events))
        match await self._queries.ask(GATEWAY_QUERIES, command, _done):
            case Problem(code=code, detail=detail):
                log.info("outbox.waits", events=len(events), code=code.value, reason=detail[:300])
                return None
            case Done():
                await self._rows.delete([event.id for event in events])
                return len(events)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._look_every_s):
                await self._woken.wait()
        except TimeoutError:
            return
