"""Deletes expired rows in the background for as long as a service runs."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from .database.engine import CONNECTION_ERRORS, Database
from .database.retention_turn import RetentionTurn, retention_turn

TURN_EVERY_S = 600.0

log = structlog.get_logger()


class RetentionTask(Protocol):
    """Deletes expired rows of one kind, as many as one turn allows."""

    async def __call__(self, turn: RetentionTurn) -> None:
        """Delete rows. Any error ends the task for this turn only."""
        ...


class RetentionLoop:
    """Runs retention tasks in their order, in one replica at a time.

    A task that fails is logged and tried again in the next turn; the others run all the same.
    """

    def __init__(
        self,
        database: Database,
        tasks: Mapping[str, RetentionTask],
        *,
        every_s: float = TURN_EVERY_S,
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._every_s = every_s

    async def run(self) -> None:
        """Take a turn now and then every `every_s`, until cancelled."""
        while True:
            try:
                await self.turn()
            except CONNECTION_ERRORS as error:
                log.warning("retention.waits", error=type(error).__name__)
            await asyncio.sleep(self._every_s)

    async def turn(self) -> bool:
        """Take one turn. Returns False while another process has it. Raises the errors in
        `CONNECTION_ERRORS`."""
        async with retention_turn(self._database) as turn:
            if turn is None:
                return False
            for name, task in self._tasks.items():
                try:
                    await task(turn)
                except Exception as error:  # noqa: BLE001 - whatever one fails with is its own
                    # SQLAlchemy's own text holds parameters; the cause's first line does not.
                    cause = getattr(error, "orig", None) or error
                    reason = f"{type(cause).__name__}: {cause}".partition("\n")[0][:300]
                    log.warning("retention.failed", task=name, error=reason)
            return True
