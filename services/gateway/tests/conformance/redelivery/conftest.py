"""The gateway's tables on both engines."""

from collections.abc import AsyncIterator

import pytest
from angarium_chassis.database.engine import Database, open_database


@pytest.fixture
async def away(database_url: str) -> AsyncIterator[Database]:
    """A database that is not there, or was never migrated."""
    opened = open_database(
        f"{database_url}-away" if "sqlite" in database_url else f"{database_url}_away"
    )
    yield opened
    await opened.close()
