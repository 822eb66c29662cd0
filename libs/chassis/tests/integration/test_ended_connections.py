"""Connections that the server has ended are replaced before their next use."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from angarium_chassis.database import fresh_plans
from angarium_chassis.database.engine import Database, open_database, postgres_of
from angarium_chassis.database.single_statements import PinnedConnection
from angarium_chassis.stopping import until
from sqlalchemy import text

BACKEND = "select pg_backend_pid() as pid"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgres_url)
    yield opened
    await opened.close()


async def end_connections(postgres_url: str) -> None:
    """End all others, as a restart of the server does."""
    other = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await other.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    await other.close()


async def test_the_pool_hands_out_no_connection_that_has_ended(
    database: Database, postgres_url: str
) -> None:
    async with database.engine.connect() as one, database.engine.connect() as another:
        drivers = [await postgres_of(each) for each in (one, another)]
    await end_connections(postgres_url)
    assert await until(lambda: all(each.is_closed() for each in drivers), timeout_s=30)

    async with database.engine.connect() as one, database.engine.connect() as another:
        assert await one.scalar(text("select 1")) == await another.scalar(text("select 1")) == 1


async def test_a_pinned_connection_that_has_ended_is_replaced_before_the_statement(
    database: Database, postgres_url: str
) -> None:
    pinned = PinnedConnection(database.engine)
    (before,) = await pinned.fetch(BACKEND)
    driver = pinned._driver
    assert driver is not None
    await end_connections(postgres_url)
    assert await until(driver.is_closed, timeout_s=30)

    (after,) = await pinned.fetch(BACKEND)

    assert after["pid"] != before["pid"]
    await pinned.close()


async def test_a_pinned_connection_that_is_found_dead_by_the_check_is_replaced(
    database: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_plans, "PLANS_LIVE_S", 0.0)  # a check before every statement
    pinned = PinnedConnection(database.engine)
    await pinned.fetch(BACKEND)
    # Without a turn of the event loop in between that would tell asyncpg.
    await end_connections(postgres_url)

    assert await pinned.fetch(BACKEND)
    await pinned.close()
