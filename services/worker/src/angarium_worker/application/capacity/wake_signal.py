"""Tells the retries that something is due sooner than they will look."""

import asyncio

SLEEP_S_MAX = 1.0
"""Rows of dead processes and of other workers come due without this process being told."""


class WakeSignal:
    """Rung by who makes a pending delivery, heard by who retries."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def notify(self, due_in_s: float) -> None:
        """Something is due so many seconds from now."""
        if due_in_s < SLEEP_S_MAX:
            self._rung.set()

    def reset(self) -> None:
        """Forget what was rung: a look at the database follows."""
        self._rung.clear()

    async def wait(self, pause_s: float) -> None:
        """Sleep for `pause_s`, at most a second, or until the bell is rung."""
        try:
            async with asyncio.timeout(min(pause_s, SLEEP_S_MAX)):
                await self._rung.wait()
        except TimeoutError:
            return
