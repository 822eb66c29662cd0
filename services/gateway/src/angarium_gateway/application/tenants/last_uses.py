"""Keeps the time of each API key's last use in memory, and writes it down once in a while."""

from collections.abc import Callable
from datetime import datetime

import structlog

from angarium_gateway.application.unavailable import JournalUnavailable

from .api_keys import KeyUses
from .authentication import CALLERS_MAX
from .periodic_writes import write_periodically

WRITTEN_EVERY_S = 60.0

log = structlog.get_logger()


class LastUses:
    """Notes uses at no cost to the requests that make them. Uses that a killed process has not
    written yet are lost."""

    def __init__(
        self,
        store: KeyUses,
        now: Callable[[], datetime],
        *,
        written_every_s: float = WRITTEN_EVERY_S,
    ) -> None:
        self._store = store
        self._now = now
        self._written_every_s = written_every_s
        self._uses: dict[bytes, datetime] = {}

    def note(self, key_id: bytes) -> None:
        """The key was used now."""
        if key_id in self._uses or len(self._uses) < CALLERS_MAX:
            self._uses[key_id] = self._now()

    async def run(self) -> None:
        """Write until cancelled, and a last time then."""
        await write_periodically(self.write, self._written_every_s, what="last_uses")

    async def write(self) -> None:
        """Write what was noted since the last time. If the database is not reachable, it is kept
        for the next time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            await self._store.record(uses)
        except JournalUnavailable as error:
            self._uses = uses | self._uses
            log.warning("last_uses.not_written", reason=str(error))
