"""Databases of a platform on both engines."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.database.schema import Schema
from angarium_cli.services import SERVICES, examination_of
from angarium_dispatcher.adapters.database.tables import applications, endpoints
from angarium_gateway.adapters.database.tables import application_copy

from .platform_rows import APP, EARLIER, ENDPOINT, TENANT, Platform

type NewUrl = Callable[[str], Awaitable[str]]


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    copy_migrated: Callable[[Schema, Path], Awaitable[str]],
    new_migrated_postgres: Callable[[Schema], Awaitable[str]],
) -> NewUrl:
    """Makes a migrated database of a service, without rows."""

    async def create(service: str) -> str:
        schema = examination_of(service).SCHEMA
        if request.param == "postgres":
            return await new_migrated_postgres(schema)
        return await copy_migrated(schema, tmp_path / f"{service}.db")

    return create


@pytest.fixture
async def platform(new_url: NewUrl) -> AsyncIterator[Platform]:
    """Migrated databases, with an application that has one endpoint for everything."""
    found = Platform()
    async with AsyncExitStack() as opened:
        for service in SERVICES:
            database = open_database(await new_url(service), connections_max=2)
            opened.push_async_callback(database.close)
            found.databases[service] = database
        await found.add("gateway", application_copy, id=APP, tenant_id=TENANT, version=1)
        times = {"created_at": EARLIER, "updated_at": EARLIER}
        owned = {"tenant_id": TENANT, "version": 1, "metadata": {}, **times}
        await found.add("dispatcher", applications, id=APP, name="Customer", **owned)
        settings = {"url": "https://example.com", "description": "", "secrets": b"\x90"}
        await found.add(
            "dispatcher",
            endpoints,
            id=ENDPOINT,
            application_id=APP,
            disabled=False,
            **settings,
            **owned,
        )
        yield found
