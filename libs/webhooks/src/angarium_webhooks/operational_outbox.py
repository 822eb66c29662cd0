"""Posts operational events to the gateway from the table in which they were stored."""

import asyncio
from collections.abc import Callable, Sequence
from random import random as uniform
from typing import Protocol

import structlog
from angarium_chassis.backoff import Backoff, repeat_with_backoff
from angarium_chassis.waiting import set_within
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.operational import OperationalEvent, PostOperationalEvents
from angarium_contracts.queries import Done, Problem
from angarium_contracts.stream_names import GATEWAY_QUERIES

EVENTS_PER_POST_MAX = 100
LOOK_EVERY_S = 5.0
RETRY_S_MIN = 0.5
RETRY_S_MAX = 30.0

log = structlog.get_logger()
_done = Reader(Done)


class OutboxRows(Protocol):
    """The table in which events wait. Its methods may raise any error of a database."""

    async def read(self, limit: int) -> list[OperationalEvent]:
        """Read the `limit` oldest events, oldest first."""
        ...

    async def delete(self, ids: Sequence[bytes]) -> None:
        """Delete events; missing ones are ignored."""
        ...


class Queries(Protocol):
    """Queries to other services; `QueryClient` implements it."""

    async def ask[T](self, stream: str, question: Contract, answers: Reader[T]) -> T | Problem:
        """Ask a question. Returns the answer, or the `Problem` that prevented it."""
        ...


class Outbox:
    """Posts events until the gateway has accepted them. `run()` until cancelled.

    An event is deleted only after the gateway answered `Done`, so each is posted at least once;
    the gateway recognizes repetitions by its id. Several processes may empty one table. While the
    database or the gateway fails, pauses grow from `retry_s_min` to `retry_s_max`.
    """

    def __init__(
        self,
        queries: Queries,
        rows: OutboxRows,
        *,
        random: Callable[[], float] = uniform,
        look_every_s: float = LOOK_EVERY_S,
        retry_s_min: float = RETRY_S_MIN,
        retry_s_max: float = RETRY_S_MAX,
    ) -> None:
        self._queries = queries
        self._rows = rows
        self._look_every_s = look_every_s
        self._backoff = Backoff(retry_s_min, retry_s_max, random=random)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for events now instead of within `look_every_s`: some were stored."""
        self._woken.set()

    async def run(self) -> None:
        """Post events until cancelled."""
        await repeat_with_backoff(self._step, self._backoff)

    async def _step(self) -> bool:
        # Cleared before the table is read: an event that is stored during the read is not missed.
        self._woken.clear()
        try:
            posted = await self._post_once()
        except Exception as error:  # noqa: BLE001 - the database's own errors, or Redis's
            log.warning("outbox.failed", error=f"{type(error).__name__}: {error}"[:300])
            return False
        if posted is None:
            return False
        if posted < EVENTS_PER_POST_MAX:
            await set_within(self._woken, self._look_every_s)
        return True

    async def _post_once(self) -> int | None:
        """The number of events posted, or None if the gateway has not taken them."""
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
