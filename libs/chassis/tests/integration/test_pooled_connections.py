"""Connections that may go through a pooler in transaction mode, here straight to Postgres.

`make test-pgbouncer` runs the platform through the real one.
"""

from collections.abc import AsyncIterator

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.retention_turn import retention_turn
from angarium_chassis.database.single_statements import PinnedConnection, PooledStatements
from angarium_chassis.examination.connection_checks import read_server
from sqlalchemy import text

POOLER = "?pooler=transaction"
UNPREPARED = f"{POOLER}&prepared_statements=no"
PREPARED = f"{POOLER}&prepared_statements=no"
IN_ITS_OWN_TRANSACTION = "select now() < statement_timestamp() and $1::int = 7"
"""A transaction of one statement begins with it; one that was begun before, earlier."""
PREPARED = "select count(*) from pg_prepared_statements"
LOCKS = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from"
LOCKS += " pg_database where datname = current_database())"


@pytest.fixture
async def unprepared(postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(f"{postgres_url}{UNPREPARED}", connections_max=2)
    yield opened
    await opened.close()


async def test_statements_by_themselves_are_not_prepared(unprepared: Database) -> None:
    pinned, pooled = PinnedConnection(unprepared.engine), PooledStatements(unprepared.engine)

    for connection in (pinned, pooled):
        assert (await connection.fetch("select $1::int", 7))[0][0] == 7
        assert (await connection.fetch(PREPARED))[0][0] == 0
    await pinned.close()


async def test_the_statements_of_a_transaction_are_not_prepared_either(
    unprepared: Database,
) -> None:
    async with unprepared.engine.begin() as connection:
        began = await connection.scalar(text("select now()"))
        assert await connection.scalar(text("select now() + :no_time"), {"no_time": None}) is None
        assert await connection.scalar(text("select now()")) == began
        assert await connection.scalar(text(PREPARED)) == 0


async def test_a_connection_begins_without_parameters_that_poolers_refuse(
    postgres_url: str,
) -> None:
    limits = "select current_setting('statement_timeout') || current_setting('lock_timeout')"
    for query, expected in (("", "30s5s"), (POOLER, "00")):
        database = open_database(f"{postgres_url}{query}", connections_max=1)
        try:
            async with database.reading.connect() as connection:
                assert await connection.scalar(text(limits)) == expected
        finally:
            await database.close()


async def test_one_process_at_a_time_has_the_turn_and_leaves_no_lock(postgres_url: str) -> None:
    ours = open_database(f"{postgres_url}{POOLER}", connections_max=2)
    theirs = open_database(f"{postgres_url}{POOLER}", connections_max=2)
    direct = open_database(postgres_url, connections_max=2)
    try:
        async with retention_turn(ours) as turn:
            assert turn is not None
            async with turn.begin() as connection:
                assert await connection.scalar(text(LOCKS)) == 1
            for others in (theirs, direct):
                async with retention_turn(others) as second:
                    assert second is None
        async with ours.reading.connect() as connection:
            assert await connection.scalar(text(LOCKS)) == 0
        async with retention_turn(theirs) as next_turn:
            assert next_turn is not None
    finally:
        for each in (ours, theirs, direct):
            await each.close()


async def test_the_server_is_described_as_a_service_reaches_it(postgres_url: str) -> None:
    direct = open_database(postgres_url, connections_max=2)
    unlimited = open_database(f"{postgres_url}{POOLER}", connections_max=2)
    try:
        state, other = await read_server(direct), await read_server(unlimited)
    finally:
        await direct.close()
        await unlimited.close()

    assert state is not None
    assert other is not None
    assert state.server == other.server
    assert not state.pooled
    assert 1 <= state.own <= state.in_use <= state.allowed
    assert state.own_limit is None
    assert state.limits_time
    assert not other.limits_time
    assert other.keeps_prepared is None


async def test_a_database_on_sqlite_has_no_server(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    try:
        assert await read_server(database) is None
    finally:
        await database.close()
