"""Plans of prepared statements that fit tables which fill within seconds.

Postgres keeps the plan of a prepared statement until the table is analyzed, about once a minute.
One made while a table was empty reads all of it, also once a backlog has come in: 100,000 rows
for each statement. To plan every call anew costs 0.6 ms each.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

PLANS_LIVE_S = 5.0


class FreshPlans:
    """The kept plans of one connection: made anew with the next use after `PLANS_LIVE_S`."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._until_s = clock_s() + PLANS_LIVE_S

    async def renew(self, connection: "asyncpg.Connection") -> None:
        """Call before a statement. Raises asyncpg's errors, OSError, TimeoutError."""
        now_s = self._clock_s()
        if now_s < self._until_s:
            return
        self._until_s = now_s + PLANS_LIVE_S
        await connection.execute("discard plans")
