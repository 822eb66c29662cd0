"""Polls that wait until there is a message.

A waiting poll asks again when its application gets a message through this gateway, and every
`idle_s`: that finds messages of other gateways, and those that were scheduled or resent.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from angarium_contracts.queries import Problem

from angarium_gateway.application.publish.arrivals import Arrivals

from .poll_messages import PolledPage

WAIT_S_MAX: Final = 30
READ_SHARE: Final = 4
"""Reading that takes long is followed by a pause so many times as long."""


class TooManyWaiting(Enum):
    """Of whom too many polls wait."""

    OF_TENANT = auto()
    OF_PROCESS = auto()


@dataclass(frozen=True, slots=True)
class WaitingLimits:
    """Bounds of one process. `pauses_s`: between the reads that follow an arrival, as it takes a
    moment until the message is available."""

    all_max: int = 500
    per_tenant_max: int = 100
    idle_s: float = 1.0
    pauses_s: tuple[float, ...] = (0.02, 0.04, 0.08, 0.16, 0.32)


class WaitingPolls:
    """Repeats polls until they have a message, and bounds how many wait."""

    def __init__(
        self,
        arrivals: Arrivals,
        clock_s: Callable[[], float],
        limits: WaitingLimits | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._clock_s = clock_s
        self._limits = limits or WaitingLimits()
        self._by_tenant: Counter[bytes] = Counter()

    async def wait(
        self,
        tenant_id: bytes,
        application_id: bytes,
        poll: Callable[[], Awaitable[PolledPage | Problem]],
        wait_s: float,
        *,
        is_stopping: Callable[[], bool],
    ) -> PolledPage | Problem | TooManyWaiting:
        """The first page that has messages or is followed by another; after `wait_s`, or when the
        process stops, the page as it is. A `Problem` ends the waiting."""
        if self._by_tenant[tenant_id] >= self._limits.per_tenant_max:
            return TooManyWaiting.OF_TENANT
        if self._by_tenant.total() >= self._limits.all_max:
            return TooManyWaiting.OF_PROCESS
        until_s = self._clock_s() + wait_s
        with self._counted(tenant_id), self._arrivals.awaited(application_id) as arrived:
            pauses = iter(self._limits.pauses_s[:0])
            while True:
                began_s = self._clock_s()
                page = await poll()
                now_s = self._clock_s()
                if isinstance(page, Problem) or page.messages or not page.done:
                    return page
                if now_s >= until_s or is_stopping():
                    return page
                pause_s = next(pauses, None)
                if pause_s is None:
                    await _event(arrived, min(self._limits.idle_s, until_s - now_s))
                    if arrived.is_set():
                        arrived.clear()
                        pauses = iter(self._limits.pauses_s)
                        pause_s = next(pauses, 0.0)
                if pause_s is not None:
                    pause_s = max(pause_s, READ_SHARE * (now_s - began_s))
                    await asyncio.sleep(min(pause_s, max(0.0, until_s - self._clock_s())))

    @contextmanager
    def _counted(self, tenant_id: bytes) -> Iterator[None]:
        self._by_tenant[tenant_id] += 1
        try:
            yield
        finally:
            self._by_tenant[tenant_id] -= 1
            if not self._by_tenant[tenant_id]:
                del self._by_tenant[tenant_id]


async def _event(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
