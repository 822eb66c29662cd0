"""An outbox on each engine, and a stand-in for Angarium."""

from collections.abc import AsyncIterator, Callable

import pytest
from angarium_outbox.settings import RelaySettings
from angarium_outbox.store import OutboxStore
from angarium_outbox.tables import metadata
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .fake_platform import KEY, FakePlatform


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database with the outbox's tables; the test runs once on each engine."""
    made = create_async_engine(database_url)
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield made
    finally:
        await made.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> OutboxStore:
    return OutboxStore(engine)


@pytest.fixture
async def platform() -> AsyncIterator[FakePlatform]:
    async with FakePlatform() as made:
        yield made


@pytest.fixture
def settings(platform: FakePlatform) -> Callable[..., RelaySettings]:
    """Settings of a relay for the platform, with short times."""

    def make(**changed: float) -> RelaySettings:
        chosen = {"poll_s": 0.05, "backoff_max_s": 0.25, **changed}
        return RelaySettings(api_url=platform.url, api_key=KEY, **chosen)  # type: ignore[arg-type]

    return make
