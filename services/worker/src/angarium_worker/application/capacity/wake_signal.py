"""Wakes the loops that poll the database when something is due before their next look."""

import asyncio

from angarium_chassis.waiting import set_within

SLEEP_S_MAX = 1.0
"""The longest pause: rows of other workers, dead or alive, come due without a signal here."""


class WakeSignal:
    """Set by whatever makes a delivery due, awaited by the loop that starts it."""

    def __init__(self) -> None:
        self._notified = asyncio.Event()

    def notify(self, due_in_s: float) -> None:
        """Wake the loop if something is due before it would look anyway."""
        if due_in_s < SLEEP_S_MAX:
            self._notified.set()

    def reset(self) -> None:
        """Clear the signal, before the database is read: a notification during the read then wakes
        the loop again."""
        self._notified.clear()

    async def wait(self, pause_s: float) -> None:
        """Sleep until notified, but for at most `pause_s` and `SLEEP_S_MAX`."""
        await set_within(self._notified, min(pause_s, SLEEP_S_MAX))
