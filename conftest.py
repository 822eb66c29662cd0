"""Fixtures of all suites: real engines, one of each per worker, started when first used.

Each test gets an empty Redis and databases of its own. The servers end with the session, also
when it fails; their data lie in a temporary folder that goes with them.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

GIVEN_REDIS = "ANGARIUM_TEST_REDIS_URL"
GIVEN_POSTGRES = "ANGARIUM_TEST_POSTGRES_URL"

_database_numbers = itertools.count(1)

# How long an example takes says how busy the machine is; the time-out of a test bounds it.
settings.register_profile("angarium", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("angarium")


@pytest.fixture(scope="session")
def engines_folder() -> Iterator[Path]:
    """Where this worker's servers keep their data; outside pytest's own, which only we may enter,
    because Postgres runs as another user when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="angarium-tests-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey(engines_folder: Path) -> Iterator[ValkeyProcess]:
    """This worker's Valkey, without persistence. Tests that kill or stop one start their own."""
    server = ValkeyProcess(engines_folder / "valkey", append_only=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(engines_folder: Path) -> Iterator[PostgresProcess]:
    """This worker's Postgres, without fsync. Tests that kill or stop one start their own."""
    server = PostgresProcess(engines_folder / "postgres", fsync=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def redis_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty Valkey: this worker's own, or the one that the environment gives."""
    url = os.environ.get(GIVEN_REDIS) or str(request.getfixturevalue("valkey").url)
    # Function libraries, scripts and client settings of an earlier test go too.
    async with Redis.from_url(url) as client:
        await client.flushall()
        await client.function_flush()
    return url


@dataclass(frozen=True, slots=True)
class GivenPostgres:
    """A server that the environment gives; `url` names its maintenance database."""

    url: str

    async def create_database(self, name: str) -> None:
        await self._execute(f'create database "{name}"')

    async def drop_database(self, name: str) -> None:
        await self._execute(f'drop database "{name}" with (force)')

    def uri(self, name: str, *, driver: str) -> str:
        base = self.url.rpartition("/")[0].partition("://")[2]
        return f"postgresql+{driver}://{base}/{name}"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def new_postgres_url(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes empty databases: each call gives the `postgresql+asyncpg://` URL of a new one."""
    given = os.environ.get(GIVEN_POSTGRES)
    server: GivenPostgres | PostgresProcess = (
        GivenPostgres(given) if given else request.getfixturevalue("postgres")
    )
    async with AsyncExitStack() as dropped_at_the_end:

        async def create() -> str:
            name = f"test_{os.getpid()}_{next(_database_numbers)}"
            await server.create_database(name)
            dropped_at_the_end.push_async_callback(server.drop_database, name)
            return server.uri(name, driver="asyncpg")

        yield create


@pytest.fixture
async def postgres_url(new_postgres_url: Callable[[], Awaitable[str]]) -> str:
    """The `postgresql+asyncpg://` URL of an empty database."""
    return await new_postgres_url()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The `sqlite+aiosqlite://` URL of a database file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; the test runs once on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
