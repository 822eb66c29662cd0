"""A database that is away when a relay connects to it."""

from typing import Any

import aiosqlite
import asyncpg
from angarium_outbox import Relay
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ..fake_platform import FakePlatform
from .test_relay import NewSettings, add_events


async def test_a_relay_waits_for_a_database_that_is_starting_up(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings
) -> None:
    failures = [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.InterfaceError("the connection was closed"),
        ConnectionRefusedError(),
        TimeoutError(),
    ] * 3

    async def connect() -> Any:
        if failures:
            raise failures.pop()
        if engine.dialect.name == "sqlite":
            return await aiosqlite.connect(str(engine.url.database))
        url = engine.url.set(drivername="postgresql")
        return await asyncpg.connect(url.render_as_string(hide_password=False))

    await add_events(engine, 3, key="same")
    recovering = create_async_engine(engine.url, async_creator=connect)
    async with Relay(recovering, settings(lease_s=1)):
        await platform.has_stored(3)
    await recovering.dispose()

    assert failures == []
