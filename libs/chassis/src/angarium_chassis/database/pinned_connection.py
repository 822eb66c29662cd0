"""One Postgres connection kept for hot statements: no pool checkout, one round trip each."""

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .engine import postgres_of
from .fresh_plans import FreshPlans

if TYPE_CHECKING:
    import asyncpg


class PinnedConnection:
    """Runs one statement at a time, each its own transaction, prepared once.

    After an error the connection is given up and the next call opens another.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._pinned: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None
        self._plans = FreshPlans()

    async def fetch(self, statement: str, *arguments: Any) -> "list[asyncpg.Record]":
        """Run `statement` and give its rows. Raises asyncpg's errors, OSError, TimeoutError."""
        if self._driver is None:
            await self._open()
        assert self._driver is not None  # noqa: S101 - opened above
        try:
            await self._plans.renew(self._driver)
            return list(await self._driver.fetch(statement, *arguments))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connection up. The next `fetch` opens another."""
        pinned, self._pinned, self._driver = self._pinned, None, None
        if pinned is not None:
            await pinned.invalidate()
            await pinned.close()

    async def _open(self) -> None:
        connection = await self._engine.connect()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            self._driver = await postgres_of(connection)
        except BaseException:
            await connection.close()
            raise
        self._pinned = connection
