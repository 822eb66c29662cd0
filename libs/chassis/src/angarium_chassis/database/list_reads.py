"""Reads of lists, on a replica of the database where there is one that has everything."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_chassis.process import StartRefused

from .engine import CONNECTION_ERRORS, Database, open_database

CAUGHT_UP_WITHIN_S: Final = 0.25
"""A list waits for a replica that is behind for so long, then reads the primary."""
POLL_S: Final = 0.01
AWAY_S: Final = 5.0
"""After a failure, the primary answers for so long before the replica is tried again."""
REPLICA_TIMEOUT_S: Final = 3.0
"""A page reads a bounded number of rows: a replica that takes longer does not answer."""

# Not the flushed position: with synchronous_commit off, commits are visible before it.
_POSITION = text("select pg_current_wal_insert_lsn()::text")
_IDENTITY = text("""
    select (select system_identifier from pg_control_system()), oid
    from pg_database where datname = current_database()
""")
_CAUGHT_UP = text("""
    select pg_is_in_recovery(),
        pg_last_wal_replay_lsn() >= cast(cast(:position as text) as pg_lsn)
""")

_BEHIND = text("""
    select cast(
        pg_wal_lsn_diff(cast(cast(:position as text) as pg_lsn), pg_last_wal_replay_lsn()) as bigint
    )
""")

log = structlog.get_logger()


class _Unusable(Exception):
    """The replica cannot answer; the text says why."""


def open_with_replica(url: str, replica_url: str, *, connections_max: int) -> Database:
    """Open a database, with a replica unless `replica_url` is empty. Raises `StartRefused`."""
    database = open_database(url, connections_max=connections_max)
    return attach_replica(database, replica_url, connections_max=connections_max)


def attach_replica(database: Database, replica_url: str, *, connections_max: int) -> Database:
    """The database with its replica, unless `replica_url` is empty. Raises `StartRefused`."""
    if not replica_url:
        return database
    replica = open_database(replica_url, connections_max=connections_max)
    if not (database.on_postgres and replica.on_postgres):
        raise StartRefused("a replica needs Postgres; unset the replica's URL")
    return replace(database, replica=replica)


class ListReads:
    """Runs the reads of lists.

    With a replica, a list first asks the primary how far it has committed, and waits until the
    replica has replayed that: it shows everything that was committed before, by whomever. Where the
    replica takes longer than `CAUGHT_UP_WITHIN_S`, does not answer, or is no copy of this database,
    the primary answers.
    """

    def __init__(
        self, database: Database, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock_s = clock_s
        self._away_until_s = 0.0
        self._is_verified = False

    async def run[Found](self, read: Callable[[AsyncConnection], Awaitable[Found]]) -> Found:
        """Run `read`, which only selects, and may be run twice. Raises what it raises on the
        primary."""
        replica = self._database.replica
        if replica is not None and self._clock_s() >= self._away_until_s:
            position = await _ask(self._database, _POSITION)
            try:
                async with asyncio.timeout(REPLICA_TIMEOUT_S):
                    await self.verify(replica)
                    async with replica.reading.connect() as connection:
                        if await _has_caught_up(connection, position[0]):
                            return await read(connection)
            except (_Unusable, *CONNECTION_ERRORS) as error:
                self._is_verified = False
                self._away_until_s = self._clock_s() + AWAY_S
                reason = str(error) if isinstance(error, _Unusable) else type(error).__name__
                log.warning("replica.away", reason=reason, tried_again_after_s=AWAY_S)
        async with self._database.reading.connect() as connection:
            return await read(connection)

    async def verify(self, replica: Database) -> None:
        """Check once that it is a copy of this database: positions of others mean nothing. Raises
        an error with the reason."""
        if self._is_verified:
            return
        if await _ask(self._database, _IDENTITY) != await _ask(replica, _IDENTITY):
            raise _Unusable("it is no replica of this database")
        self._is_verified = True


async def why_not_used(database: Database) -> str | None:
    """The reason why the primary answers instead of the replica now; None: the replica answers.

    Raises the errors in `CONNECTION_ERRORS` of the primary.
    """
    lists, replica = ListReads(database), database.replica
    if replica is None:
        return "there is no replica"
    position = (await _ask(database, _POSITION))[0]
    try:
        async with asyncio.timeout(REPLICA_TIMEOUT_S):
            await lists.verify(replica)
            async with replica.reading.connect() as connection:
                if await _has_caught_up(connection, position):
                    return None
                behind = await connection.scalar(_BEHIND, {"position": position})
                return f"it is {behind:,} bytes of the log behind after {CAUGHT_UP_WITHIN_S:g} s"
    except TimeoutError:
        return f"the replica does not answer within {REPLICA_TIMEOUT_S:g} s"
    except _Unusable as unusable:
        return str(unusable)
    except CONNECTION_ERRORS as error:
        lines = str(error.__cause__ or error).splitlines() or [type(error).__name__]
        return f"the replica cannot be read ({lines[0].rstrip('.')})"


async def _ask(database: Database, question: TextClause) -> tuple[object, ...]:
    async with database.reading.connect() as connection:
        return tuple((await connection.execute(question)).one())


async def _has_caught_up(connection: AsyncConnection, position: object) -> bool:
    """True once the replica has replayed everything up to `position`, False if it takes longer than
    a list waits."""
    for _ in range(int(CAUGHT_UP_WITHIN_S / POLL_S)):
        in_recovery, caught_up = (
            await connection.execute(_CAUGHT_UP, {"position": position})
        ).one()
        if not in_recovery:
            raise _Unusable("it has become a primary")
        if caught_up:
            return True
        await asyncio.sleep(POLL_S)
    return False
