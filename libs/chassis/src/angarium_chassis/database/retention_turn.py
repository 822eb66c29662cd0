"""One turn of retention: one process at a time deletes expired rows in small steps, with pauses."""

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
"""Key of the Postgres advisory lock that the process holds whose turn it is."""

REST_TIMES = 4.0
"""A pause lasts this many times as long as the step before it, so that retention uses at most a
fifth of one connection."""
REST_S_MIN, REST_S_MAX = 0.005, 2.0
SQLITE_REST_S_MIN = 0.1
"""On SQLite a commit blocks every other writer, however little it writes."""
TASK_S_MAX = 300.0
DROP_TRIES_MAX = 20

type Step = Callable[[AsyncConnection], Awaitable[bool]]
"""Does a bounded piece of work in its own transaction. Returns whether there is more."""


class RetentionTurn:
    """Access to the database for the retention tasks of one turn.

    `now_ms` is the database's clock, which is the same for every process. On Postgres the whole
    turn runs on the connection that holds the lock, except through a pooler. On SQLite each step
    takes the write lock for itself, and others write in between.
    """

    def __init__(self, database: Database, connection: AsyncConnection | None, now_ms: int) -> None:
        self.on_postgres = database.on_postgres
        self.now_ms = now_ms
        self._database = database
        self._connection = connection

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Start a transaction that commits at the end of the block."""
        if self._connection is None:
            return self._database.engine.begin()
        return _transaction(self._connection)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Start a transaction for reads, on SQLite without the write lock."""
        return self._database.reading.connect() if self._connection is None else self.begin()

    async def repeat(self, step: Step) -> None:
        """Run `step` until nothing is left, but for at most `TASK_S_MAX`. The rest is left to the
        next turn, so that one large table does not keep the other tasks from running."""
        end_s = time.monotonic() + TASK_S_MAX
        more = True
        while more and time.monotonic() < end_s:
            began_s = time.monotonic()
            async with self.begin() as connection:
                more = await step(connection)
            await self.rest(time.monotonic() - began_s)

    async def rest(self, took_s: float) -> None:
        """Pause after work of `took_s`, so that other users of the database are not slowed."""
        least_s = REST_S_MIN if self.on_postgres else SQLITE_REST_S_MIN
        await asyncio.sleep(min(max(took_s * REST_TIMES, least_s), REST_S_MAX))

    async def drop(self, table: PartitionedTable, partition: Partition) -> bool:
        """Drop a partition once its locks are free. Returns False if they were not within
        `DROP_TRIES_MAX` tries."""
        for _ in range(DROP_TRIES_MAX):
            if await table.drop(partition):
                return True
            await asyncio.sleep(REST_S_MAX / 4)
        return False


@asynccontextmanager
async def retention_turn(database: Database) -> AsyncIterator[RetentionTurn | None]:
    """Take the turn, or None while another process has it. Raises the errors in
    `CONNECTION_ERRORS`."""
    now = select(clock_us(on_postgres=database.on_postgres))
    if not database.on_postgres:
        async with database.reading.connect() as connection:
            now_us = (await connection.execute(now)).scalar_one()
        yield RetentionTurn(database, None, now_us // 1_000)
        return
    if database.pooler.is_used:
        async with _pooled_turn(database) as turn:
            yield turn
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
            # A session lock outlives the transaction. A connection that went back to the pool with
            # it would block the retention of every process; a closed one releases it for certain.
            await connection.invalidate()


@asynccontextmanager
async def _pooled_turn(database: Database) -> AsyncIterator[RetentionTurn | None]:
    """A turn whose lock is held by a transaction that is idle meanwhile: a lock of a session would
    stay with the pooler's connection. The transaction has no snapshot, so that it does not keep
    vacuum from removing rows."""
    now = select(clock_us(on_postgres=True))
    async with database.engine.begin() as holder:
        taken = await holder.scalar(
            text("select pg_try_advisory_xact_lock(:key)"), {"key": RETENTION_LOCK}
        )
        now_us = (await holder.execute(now)).scalar_one()
        yield RetentionTurn(database, None, now_us // 1_000) if taken else None


@asynccontextmanager
async def _transaction(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    async with connection.begin():
        yield connection
