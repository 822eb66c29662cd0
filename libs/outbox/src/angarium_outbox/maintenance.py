"""Deletes accepted events after their time, and measures the backlog."""

import asyncio
import logging
from typing import Final

from angarium_outbox.counters import RelayCounters
from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.settings import RelaySettings
from angarium_outbox.store import OutboxStore

_EVERY_S: Final = 15.0
_logger = logging.getLogger("angarium_outbox")


class Maintenance:
    """The relay's background work."""

    def __init__(
        self, store: OutboxStore, settings: RelaySettings, counters: RelayCounters
    ) -> None:
        self._store = store
        self._settings = settings
        self._counters = counters

    async def run(self) -> None:
        """Work every 15 seconds until cancelled."""
        while True:
            try:
                await self._work()
            except DATABASE_FAILURES as error:
                _logger.warning("cannot delete accepted events: %s", reason_of(error))
            await asyncio.sleep(_EVERY_S)

    async def _work(self) -> None:
        counters = self._counters
        counters.pruned += await self._store.prune(older_than_s=self._settings.keep_accepted_s)
        backlog = await self._store.backlog()
        counters.pending = backlog.pending
        counters.waiting_set_aside = backlog.set_aside
        oldest_ms = backlog.now_ms if backlog.oldest_ms is None else backlog.oldest_ms
        counters.oldest_age_s = max(0, backlog.now_ms - oldest_ms) / 1_000
