"""Deleting what is too old, behind everything else, for as long as a service runs."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from .database.engine import CONNECTION_ERRORS, Database
from .database.retention_turn import RetentionTurn, retention_turn

TURN_EVERY_S = 600.0

log = structlog.get_logger()


class Chore(Protocol):
    """Deletes one kind of rows that are too old, as many as one turn allows."""

    async def __call__(self, turn: RetentionTurn) -> None:
        """May raise whatever a broken database does: the next turn goes on from there."""
        ...


class RetentionLoop:
    """Every replica runs it; one at a time has the turn, and does the chores in their order.

    A chore that fails is logged, tried again in the next turn, and holds up no other.
    """

    def __init__(
        self, database: Database, chores: Mapping[str, Chore], *, every_s: float = TURN_EVERY_S
    ) -> None:
        self._database = database
        self._chores = chores
        self._every_s = every_s

    async def run(self) -> None:
        """A turn at once, and then every `every_s`, until cancelled."""
        while True:
            try:
                await self.turn()
            except CONNECTION_ERRORS as error:
                log.warning("retention.waits", error=type(error).__name__)
            await asyncio.sleep(self._every_s)

    async def turn(self) -> bool:
        """One turn; False: another process has it. Raises the database's errors."""
        async with retention_turn(self._database) as turn:
            if turn is None:
                return False
            for name, chore in self._chores.items():
                try:
                    await chore(turn)
                except Exception as error:  # noqa: BLE001 - whatever one fails with is its own
                    # SQLAlchemy's own text holds parameters; the cause's first line does not.
                    cause = getattr(error, "orig", None) or error
                    reason = f"{type(cause).__name__}: {cause}".partition("\n")[0][:300]
                    log.warning("retention.failed", chore=name, error=reason)
            return True
