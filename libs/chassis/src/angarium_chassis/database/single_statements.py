"""Postgres statements that are one round trip and commit by themselves.

SQLAlchemy would send BEGIN and COMMIT as statements of their own: three round trips.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .engine import CONNECTION_ERRORS, postgres_of
from .fresh_plans import FreshPlans

if TYPE_CHECKING:
    import asyncpg


class PooledStatements:
    """Runs statements on connections of the pool, several at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def fetch(self, statement: str, *arguments: Any) -> "list[asyncpg.Record]":
        """Run `statement` and return its rows. Raises the errors in `CONNECTION_ERRORS`."""
        async with self._engine.connect() as connection:
            driver = await postgres_of(connection)
            plans = connection.info.setdefault("plans", FreshPlans())
            await plans.renew(driver)
            return list(await driver.fetch(statement, *arguments))


class PinnedConnection:
    """Keeps one connection for hot statements, which saves the pool's check-out.

    Calls must come one at a time. A connection that the server has ended, as at its restart, is
    replaced before the next statement. After an error the connection is discarded, because a
    statement may still run on it, and the next call opens another.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pinned: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None
        self._plans = FreshPlans()

    async def fetch(self, statement: str, *arguments: Any) -> "list[asyncpg.Record]":
        """Run `statement` and return its rows. Raises the errors in `CONNECTION_ERRORS`."""
        # As `call`, written out: the layers in between cost half a microsecond per commit.
        try:
            driver = self._driver or await self._open()
            try:
                await self._plans.renew(driver)
            except CONNECTION_ERRORS:
                driver = await self._replace()
            if driver.is_closed():
                driver = await self._replace()
            return list(await driver.fetch(statement, *arguments))
        except BaseException:
            await self._discard()
            raise

    async def call[Result](
        self, work: Callable[["asyncpg.Connection"], Awaitable[Result]]
    ) -> Result:
        """Run `work`, which sends statements. Raises what it raises, and `CONNECTION_ERRORS`."""
        try:
            driver = self._driver or await self._open()
            try:
                await self._plans.renew(driver)
            except CONNECTION_ERRORS:
                driver = await self._replace()
            if driver.is_closed():
                driver = await self._replace()
            return await work(driver)
        except BaseException:
            await self._discard()
            raise

    async def close(self) -> None:
        """Return the connection to the pool. The next call takes another."""
        pinned, self._pinned, self._driver = self._pinned, None, None
        if pinned is not None:
            await pinned.close()

    async def _open(self) -> "asyncpg.Connection":
        self._pinned = await self._engine.connect()
        self._driver = driver = await postgres_of(self._pinned)
        return driver

    async def _replace(self) -> "asyncpg.Connection":
        # Nothing of the statement was sent yet: it may go to another connection.
        await self._discard()
        return await self._open()

    async def _discard(self) -> None:
        pinned, self._pinned, self._driver = self._pinned, None, None
        if pinned is not None:
            await pinned.invalidate()
            await pinned.close()
