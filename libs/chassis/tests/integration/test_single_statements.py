"""Statements that commit by themselves, on a pinned connection and on those of the pool."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.single_statements import PinnedConnection, PooledStatements

if TYPE_CHECKING:
    from asyncpg import Connection

PROCESS = "select pg_backend_pid()"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgres_url, connections_max=2)
    yield opened
    await opened.close()


async def process_of(connection: PinnedConnection) -> int:
    return int((await connection.fetch(PROCESS))[0][0])


async def test_every_statement_commits_by_itself(database: Database) -> None:
    pinned, pooled = PinnedConnection(database.engine), PooledStatements(database.engine)
    await pinned.fetch("create table parcel (id int primary key)")
    await pinned.fetch("insert into parcel values (1)")
    await pooled.fetch("insert into parcel values (2)")
    assert [row["id"] for row in await pooled.fetch("select id from parcel order by id")] == [1, 2]
    await pinned.close()


async def test_a_pinned_connection_stays_the_same(database: Database) -> None:
    pinned = PinnedConnection(database.engine)
    first = await process_of(pinned)
    assert await process_of(pinned) == first
    await pinned.close()


async def test_after_an_error_the_next_call_opens_another_connection(database: Database) -> None:
    pinned = PinnedConnection(database.engine)
    first = await process_of(pinned)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pinned.fetch("select 1 / 0")
    assert await process_of(pinned) != first
    await pinned.close()


async def test_a_connection_whose_call_was_cancelled_is_discarded(database: Database) -> None:
    pinned = PinnedConnection(database.engine)
    first = await process_of(pinned)
    begun = asyncio.Event()

    async def work(_: "Connection") -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(pinned.call(work))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await process_of(pinned) != first
    await pinned.close()


async def test_a_closed_connection_is_back_in_the_pool(database: Database) -> None:
    pinned = PinnedConnection(database.engine)
    first = await process_of(pinned)
    await pinned.close()
    assert (await PooledStatements(database.engine).fetch(PROCESS))[0][0] == first
