"""Sharing of failing endpoints among workers: each learns which ones the others saw fail."""

import asyncio
from collections.abc import Callable

import structlog

from angarium_worker.application.ledger.records import StorageDown
from angarium_worker.domain.endpoint_guard import FORGOTTEN_AFTER_S

from .endpoint_guards import EndpointGuards
from .endpoint_health import EndpointHealth
from .failing_endpoints import HealthRows

READ_EVERY_S = 5.0
"""The first retry of the default schedule is due about then."""
ENDPOINTS_MAX = 5_000

log = structlog.get_logger()


class SharedHealth:
    """Reads the record of failing endpoints while more than one worker runs, so that retries keep
    to their budget whichever worker takes them. `run()` until cancelled. `clock_ns` is Unix time.

    An endpoint counts for as long as a single worker would remember its latest failure.
    """

    def __init__(
        self,
        rows: HealthRows,
        health: EndpointHealth,
        guards: EndpointGuards,
        *,
        clock_ns: Callable[[], int],
    ) -> None:
        self._rows = rows
        self._health = health
        self._guards = guards
        self._clock_ns = clock_ns
        self._known: frozenset[bytes] = frozenset()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            try:
                await self.read()
            except StorageDown as error:
                log.warning("endpoint_health.not_read", error=str(error)[:300])

    async def read(self) -> None:
        """Read once. Raises `StorageDown`."""
        if self._guards.workers == 1:
            return
        since_us = self._clock_ns() // 1_000 - int(FORGOTTEN_AFTER_S * 1e6)
        rows = await self._rows.load(ENDPOINTS_MAX)
        recent = [row for row in rows if row.last_failure_us >= since_us]
        self._health.take_over(recent)
        found = frozenset(row.endpoint_id for row in recent)
        # Of more rows than are read, one that is missing may still be there.
        before = self._known
        self._known = found if len(rows) < ENDPOINTS_MAX else found | before
        self._health.recovered_elsewhere(before - self._known)
        self._guards.failing_elsewhere(self._known)
