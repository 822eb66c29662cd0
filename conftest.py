"""Fixtures of all suites: real engines, one of each per worker, started when first used.

Each test gets an empty Redis and databases of its own. The servers end with the session, also
when it fails; their data lie in a temporary folder that goes with them.
"""

import asyncio
import gc
import itertools
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import certifi
import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.tracing.sdk_spans import SdkSpans
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from hypothesis import HealthCheck, settings
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from redis.asyncio import Redis

GIVEN_REDIS = "ANGARIUM_TEST_REDIS_URL"
GIVEN_POSTGRES = "ANGARIUM_TEST_POSTGRES_URL"

_database_numbers = itertools.count(1)

EXAMPLES = int(os.environ.get("ANGARIUM_TEST_EXAMPLES", "50"))
"""Of each property; `make properties` sets more. Tests with a number of their own scale it."""

# How long an example takes says how busy the machine is; the time-out of a test bounds it.
settings.register_profile(
    "angarium",
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("angarium")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector the tests themselves, which stay to the end: it would look
    through ten thousand of them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Have all clients of httpx share one TLS context. Each makes one of its own, also for plain
    HTTP, and reading the bundle of the machine or of certifi takes 24 ms."""
    create = ssl.create_default_context
    bundles = {certifi.where(), os.environ.get("SSL_CERT_FILE")}
    shared: dict[str, ssl.SSLContext] = {}

    def create_or_share(*args: Any, **options: Any) -> ssl.SSLContext:
        bundle: Any = options.get("cafile")
        if args or options.keys() != {"cafile"} or bundle not in bundles:
            return create(*args, **options)
        if bundle not in shared:
            shared[bundle] = create(cafile=bundle)
        return shared[bundle]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", create_or_share)
        yield


@pytest.fixture(scope="session")
def new_folder() -> Iterator[Callable[[str], Path]]:
    """Names folders that do not exist yet, for the data of this worker's servers; outside
    pytest's own, which only we may enter, because Postgres runs as another user when the tests run
    as root.

    No name comes twice: a fixture of a module is set up again in the same worker when the worker
    comes back to the module's tests, as it does when it takes them from another.
    """
    root = Path(tempfile.mkdtemp(prefix="angarium-tests-"))
    root.chmod(0o711)
    numbers = itertools.count(1)
    try:
        yield lambda name: root / f"{name}-{next(numbers)}"
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey(new_folder: Callable[[str], Path]) -> Iterator[ValkeyProcess]:
    """This worker's Valkey, without persistence. Tests that kill or stop one start their own."""
    server = ValkeyProcess(new_folder("valkey"), append_only=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(new_folder: Callable[[str], Path]) -> Iterator[PostgresProcess]:
    """This worker's Postgres, without fsync. Tests that kill or stop one start their own.

    The kernel copies its templates: reading and writing them takes three times the CPU.
    """
    server = PostgresProcess(
        new_folder("postgres"), fsync=False, settings={"file_copy_method": "clone"}
    )
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
class PostgresServer:
    """A server of the tests; `url` names its maintenance database."""

    url: str

    async def create_database(self, *, template: str | None = None) -> str:
        """Create an empty database, or a copy of `template`; gives its name."""
        name = f"test_{os.getpid()}_{next(_database_numbers)}"
        # Copying files takes less than half of what writing the copy to the log takes.
        given = f'template "{template or "template1"}" strategy file_copy'
        await self._execute(f'create database "{name}" {given}')
        return name

    async def drop_database(self, name: str) -> None:
        await self._execute(f'drop database "{name}" with (force)')

    def uri(self, name: str) -> str:
        """The `postgresql+asyncpg://` URL of a database."""
        base = self.url.rpartition("/")[0].partition("://")[2]
        return f"postgresql+asyncpg://{base}/{name}"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """This worker's Postgres, or the one that the environment gives."""
    given = os.environ.get(GIVEN_POSTGRES)
    return PostgresServer(given or str(request.getfixturevalue("postgres").uri()))


class NewPostgresUrl(Protocol):
    """Makes databases, empty or as `template` is; gives the URL of each."""

    async def __call__(self, template: str | None = None) -> str: ...


@pytest.fixture
async def new_postgres_url(postgres_server: PostgresServer) -> AsyncIterator[NewPostgresUrl]:
    """Makes empty databases: each call gives the `postgresql+asyncpg://` URL of a new one."""
    async with AsyncExitStack() as dropped_at_the_end:

        async def create(template: str | None = None) -> str:
            name = await postgres_server.create_database(template=template)
            dropped_at_the_end.push_async_callback(postgres_server.drop_database, name)
            return postgres_server.uri(name)

        yield create


@pytest.fixture
async def postgres_url(new_postgres_url: NewPostgresUrl) -> str:
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


@dataclass
class MigratedDatabases:
    """One database of each service and engine, migrated when first asked for."""

    folder: Path
    _files: dict[str, Path] = field(default_factory=dict)
    _templates: dict[tuple[PostgresServer, str], str] = field(default_factory=dict)

    async def copy_sqlite(self, schema: Schema, path: Path) -> str:
        """Copy the SQLite database of a service to `path`; gives its URL."""
        if schema.service not in self._files:
            made = self.folder / f"migrated-{schema.service}.db"
            await _migrate(schema, _sqlite_url(made))
            # All that was written is in the one file that is copied.
            assert not made.with_name(f"{made.name}-wal").exists()
            self._files[schema.service] = made
        shutil.copyfile(self._files[schema.service], path)
        return _sqlite_url(path)

    async def postgres_template(self, schema: Schema, server: PostgresServer) -> str:
        """The name of a service's database that `create_database` copies."""
        key = (server, schema.service)
        if key not in self._templates:
            name = await server.create_database()
            await _migrate(schema, server.uri(name))
            self._templates[key] = name
        return self._templates[key]

    def drop(self) -> None:
        """Drop the databases that servers have, also those that outlive the tests."""

        async def drop_all() -> None:
            for (server, _), name in self._templates.items():
                await server.drop_database(name)

        asyncio.run(drop_all())


async def _migrate(schema: Schema, url: str) -> None:
    database = open_database(url)
    try:
        await schema.migrate(database)
    finally:
        await database.close()


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def migrated_databases(
    new_folder: Callable[[str], Path],
) -> Iterator[MigratedDatabases]:
    """Copies of databases that this worker migrated once: a migration takes 0.2 s."""
    folder = new_folder("migrated")
    folder.mkdir()
    found = MigratedDatabases(folder)
    yield found
    if GIVEN_POSTGRES in os.environ:
        found.drop()


@pytest.fixture
def copy_migrated(
    migrated_databases: MigratedDatabases,
) -> Callable[[Schema, Path], Awaitable[str]]:
    """Copies a service's migrated SQLite database to a path; gives its URL."""
    return migrated_databases.copy_sqlite


@pytest.fixture
def new_migrated_postgres(
    migrated_databases: MigratedDatabases,
    postgres_server: PostgresServer,
    new_postgres_url: NewPostgresUrl,
) -> Callable[[Schema], Awaitable[str]]:
    """Makes databases of a service, migrated and without rows; gives the URL of each."""

    async def create(schema: Schema) -> str:
        template = await migrated_databases.postgres_template(schema, postgres_server)
        return await new_postgres_url(template)

    return create


@pytest.fixture(scope="session")
def schema() -> Schema:
    """The schema of `migrated_url`. The suites of a service give theirs."""
    raise NotImplementedError("the fixture `schema` of this suite")


@pytest.fixture
async def migrated_sqlite_url(
    schema: Schema, migrated_databases: MigratedDatabases, sqlite_url: str
) -> str:
    """The URL of a migrated database file without rows."""
    path = Path(sqlite_url.partition(":///")[2])
    return await migrated_databases.copy_sqlite(schema, path)


@pytest.fixture
async def migrated_postgres_url(
    schema: Schema, new_migrated_postgres: Callable[[Schema], Awaitable[str]]
) -> str:
    """The URL of a migrated database without rows."""
    return await new_migrated_postgres(schema)


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database without rows; the test runs once on each engine."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


class RecordedSpans:
    """Spans of a test, kept in memory."""

    def __init__(self) -> None:
        self._ended: list[ReadableSpan] = []
        self.spans = SdkSpans(Resource({}), self._ended.append)

    @property
    def ended(self) -> tuple[ReadableSpan, ...]:
        """The spans that ended, in that order."""
        return tuple(self._ended)


@pytest.fixture
def recorded_spans() -> RecordedSpans:
    """Records the spans of the parts that get its `spans`."""
    return RecordedSpans()
