"""On Postgres a commit wakes the relay, which never polls here."""

import asyncio

import pytest
from angarium_outbox import Relay, add_async
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..fake_platform import FakePlatform
from .test_relay import NewSettings

NEVER_S = 3_600


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Other engines do not notify."""
    return postgres_url


async def test_a_commit_wakes_the_relay_also_after_its_connection_was_lost(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings
) -> None:
    listeners = (
        "select pid from pg_stat_activity"
        " where datname = current_database() and query like 'LISTEN%'"
    )

    async def new_listener(before: int | None = None) -> int:
        async with engine.connect() as connection, asyncio.timeout(60):
            while True:
                pid: int | None = (await connection.execute(text(listeners))).scalar()
                await connection.rollback()
                if pid is not None and pid != before:
                    return pid
                await asyncio.sleep(0.01)

    async with Relay(engine, settings(poll_s=NEVER_S)):
        first = await new_listener()
        async with engine.begin() as connection:
            await add_async(connection, "acme", "a.b", {})
        await platform.has_stored(1)

        async with engine.connect() as connection:
            await connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": first})
        await new_listener(first)
        async with engine.begin() as connection:
            await add_async(connection, "acme", "a.b", {})
        await platform.has_stored(2)
