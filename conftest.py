"""Fixtures of all suites: real engines, one of each per worker, started when first used.

Each test gets an empty Redis and databases of its own. The servers end with the session, also
when it fails; their data lie in a temporary folder that goes with them.
"""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from redis.asyncio import Redis

_database_numbers = itertools.count(1)


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
async def redis_url(valkey: ValkeyProcess) -> str:
    """The URL of an empty Valkey."""
    # Function libraries, scripts and client settings of an earlier test go too.
    async with Redis.from_url(valkey.url) as client:
        await client.flushall()
        await client.function_flush()
    return valkey.url


@pytest.fixture
async def new_postgres_url(
    postgres: PostgresProcess,
) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes empty databases: each call gives the `postgresql+asyncpg://` URL of a new one."""
    async with AsyncExitStack() as dropped_at_the_end:

        async def create() -> str:
            name = f"test_{next(_database_numbers)}"
            await postgres.create_database(name)
            dropped_at_the_end.push_async_callback(postgres.drop_database, name)
            return postgres.uri(name, driver="asyncpg")

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
