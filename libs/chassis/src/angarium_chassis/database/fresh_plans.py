"""Renewal of the plans of prepared statements, for tables that fill within seconds.

Postgres keeps the plan of a prepared statement until the table is analyzed, about once a minute.
A plan that was made while the table was empty reads the whole table, even after a backlog has come
in: 100,000 rows for each statement. Planning every call anew would cost 0.6 ms each.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

PLANS_LIVE_S = 5.0
RENEWAL_TIMEOUT_S = 5.0
"""It takes the server no time: one that is silent for so long is gone."""


class FreshPlans:
    """Discards the plans of one connection when they are older than `PLANS_LIVE_S`."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._until_s = clock_s() + PLANS_LIVE_S

    async def renew(self, connection: "asyncpg.Connection") -> None:
        """Discard plans that are too old. Call before each statement. Raises the errors in
        `CONNECTION_ERRORS`."""
        now_s = self._clock_s()
        if now_s < self._until_s:
            return
        self._until_s = now_s + PLANS_LIVE_S
        await connection.execute("discard plans", timeout=RENEWAL_TIMEOUT_S)
