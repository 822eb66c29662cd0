"""One turn of deleting what is too old: one process at a time, a little at once, with rests."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from .clock import clock_us
from .engine import Database
from .partitions import Partition, PartitionedTable

RETENTION_LOCK = 7_236_114
"""Postgres advisory lock of a service's database, held by the process whose turn it is."""

REST_TIMES = 4.0
"""A rest is so many times as long as the step before it took: a fifth of one connection at most."""
REST_S_MIN, REST_S_MAX = 0.005, 2.0
SQLITE_REST_S_MIN = 0.1
"""A commit there holds up every other writer, however little it writes."""
CHORE_S_MAX = 300.0
DROP_TRIES_MAX = 20

type Step = Callable[[AsyncConnection], Awaitable[bool]]
"""Does one bounded piece of work in a transaction of its own; whether there is more."""


class RetentionTurn:
    """`now_ms` is the database's own clock, the same for every process.

    On Postgres all of a turn runs on one connection, which holds the lock; on SQLite each step
    takes the write lock for itself, and others write between.
    """

    def __init__(self, database: Database, connection: AsyncConnection | None, now_ms: int) -> None:
        self.on_postgres = database.on_postgres
        self.now_ms = now_ms
        self._database = database
        self._connection = connection

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that commits at its end."""
        if self._connection is None:
            return self._database.engine.begin()
        return _transaction(self._connection)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """As `begin`, for reads: on SQLite without the write lock."""
        return self._database.reading.connect() if self._connection is None else self.begin()

    async def repeat(self, step: Step) -> None:
        """Run `step` until there is no more, for `CHORE_S_MAX` at most; the rest is left to the
        next turn."""
        end_s = time.monotonic() + CHORE_S_MAX
        more = True
        while more and time.monotonic() < end_s:
            began_s = time.monotonic()
            async with self.begin() as connection:
                more = await step(connection)
            await self.rest(time.monotonic() - began_s)

    async def rest(self, took_s: float) -> None:
        """Leave the database to the others after work of `took_s`."""
        least_s = REST_S_MIN if self.on_postgres else SQLITE_REST_S_MIN
        await asyncio.sleep(min(max(took_s * REST_TIMES, least_s), REST_S_MAX))

    async def drop(self, table: PartitionedTable, partition: Partition) -> bool:
        """Drop it as soon as its locks can be had without waiting; False: not within
        `DROP_TRIES_MAX` tries."""
        for _ in range(DROP_TRIES_MAX):
            if await table.drop(partition):
                return True
            await asyncio.sleep(REST_S_MAX / 4)
        return False


@asynccontextmanager
async def retention_turn(database: Database) -> AsyncIterator[RetentionTurn | None]:
    """The turn; None: another process has it. Raises SQLAlchemy's and the driver's errors."""
    now = select(clock_us(on_postgres=database.on_postgres))
    if not database.on_postgres:
        async with database.reading.connect() as connection:
            now_us = (await connection.execute(now)).scalar_one()
        yield RetentionTurn(database, None, now_us // 1_000)
        return
    async with database.engine.connect() as connection:
        async with connection.begin():
            taken = await connection.scalar(
                text("select pg_try_advisory_lock(:key)"), {"key": RETENTION_LOCK}
            )
            now_us = (await connection.execute(now)).scalar_one()
        if not taken:
            yield None
            return
        try:
            yield RetentionTurn(database, connection, now_us // 1_000)
        finally:
            # The lock goes with the connection, whatever state a step left it in.
            await connection.invalidate()


@asynccontextmanager
async def _transaction(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    async with connection.begin():
        yield connection
