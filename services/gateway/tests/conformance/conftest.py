"""The gateway's tables on both engines, with its tenants."""

import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.tenants import TenantTable

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class WallClock:
    """The time of day, as the test sets it."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = open_database(migrated_url, connections_max=8)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def tenants(database: Database, clock: WallClock) -> TenantTable:
    return TenantTable(database, make_id=IdMaker(time.time_ns, random.getrandbits), now=clock)
