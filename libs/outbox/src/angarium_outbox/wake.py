"""Wakes senders: by LISTEN on Postgres with asyncpg, and otherwise by the time alone."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from angarium_outbox.database_failures import DATABASE_FAILURES, reason_of
from angarium_outbox.tables import CHANNEL

_CHECK_S: Final = 15.0
_RECONNECT_S: Final = 1.0
_logger = logging.getLogger("angarium_outbox")


class WakeSignal:
    """Wakes one waiter, at once if it was notified since it last waited."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake the waiter."""
        self._event.set()

    def clear(self) -> None:
        """Forget notifications. Call it before looking for events, not after."""
        self._event.clear()

    async def wait(self, timeout_s: float) -> None:
        """Wait until notified, but not longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return


class Listener:
    """Notifies signals of what producers commit. Without Postgres and asyncpg it does nothing, and
    senders poll."""

    def __init__(self, engine: AsyncEngine, signals: Sequence[WakeSignal]) -> None:
        self._engine = engine
        self._signals = signals
        self._lost = asyncio.Event()

    @property
    def possible(self) -> bool:
        """True if the driver can listen."""
        dialect = self._engine.dialect
        return (dialect.name, dialect.driver) == ("postgresql", "asyncpg")

    async def run(self) -> None:
        """Listen until cancelled, on a connection of its own; open another if it is lost."""
        while self.possible:
            try:
                await self._listen()
            except DATABASE_FAILURES as error:
                _logger.warning("cannot listen for events, polling: %s", reason_of(error))
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self) -> None:
        connection = await self._engine.connect()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            self._lost.clear()
            driver.add_termination_listener(self._terminated)
            await driver.add_listener(CHANNEL, self._notified)
            # What was committed before the connection listened.
            self._notify_all()
            while not self._lost.is_set():
                try:
                    async with asyncio.timeout(_CHECK_S):
                        await self._lost.wait()
                except TimeoutError:
                    # A connection whose other end is gone does not say so by itself.
                    await driver.fetchval("SELECT 1", timeout=_CHECK_S)
        finally:
            # Not into the pool, as it listens. terminate() needs no answer of the server.
            driver.terminate()
            await connection.invalidate()
            await connection.close()

    def _notified(self, *_: object) -> None:
        self._notify_all()

    def _terminated(self, *_: object) -> None:
        self._lost.set()

    def _notify_all(self) -> None:
        for signal in self._signals:
            signal.notify()
