"""The gateway's tables on both engines."""

from collections.abc import AsyncIterator

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_gateway.adapters.database.schema import SCHEMA


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url, connections_max=8)
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def away(database_url: str) -> AsyncIterator[Database]:
    """A database that is not there, or was never migrated."""
    opened = open_database(
        f"{database_url}-away" if "sqlite" in database_url else f"{database_url}_away"
    )
    yield opened
    await opened.close()
