"""Opens a service's database on Postgres or SQLite."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from angarium_chassis.process import StartRefused

from .postgres_url import (
    DIRECT,
    PoolerOptions,
    UnusableParameter,
    check_certificates,
    connect_arguments,
    pooler_options,
)

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 5_000
"""Waiting for a lock fails after this time, while the client still waits for its response."""
SQLITE_BUSY_TIMEOUT_MS = 10_000

CONNECTION_ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""Errors of opening or using a connection.

SQLAlchemy does not wrap asyncpg's errors while it connects (wrong password, no such database).
asyncpg raises `InternalClientError` when the server ends a connection as it is used again.
"""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `on_postgres` chooses where the engines need different statements, and
    `pooler` where a connection is not the same from one transaction to the next. Lists may be read
    from `replica`, see `ListReads`."""

    engine: AsyncEngine
    on_postgres: bool
    pooler: PoolerOptions = DIRECT
    replica: "Database | None" = None

    @property
    def reading(self) -> AsyncEngine:
        """The same engine for reads: on SQLite they do not take the write lock."""
        return self.engine.execution_options(read_only=True)

    async def problem(self) -> str | None:
        """Describe why the database does not answer, or None if it does; for readiness."""
        try:
            async with self.reading.connect() as connection:
                await connection.execute(text("select 1"))
        except CONNECTION_ERRORS as error:
            return f"the database does not answer: {type(error).__name__}"
        return None

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        if self.replica is not None:
            await self.replica.close()


def open_database(url: str, *, connections_max: int = 8) -> Database:
    """Open a database, which connects on first use. Raises `StartRefused` for a wrong URL."""
    parsed = _parse(url)
    if parsed.drivername == "postgresql+asyncpg":
        return _open_postgres(parsed, connections_max)
    return Database(_open_sqlite(parsed, connections_max), on_postgres=False)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StartRefused("the database URL cannot be read; expected dialect://…") from None
    match parsed.drivername:
        case "postgres" | "postgresql":
            return parsed.set(drivername="postgresql+asyncpg")
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql+asyncpg" | "sqlite+aiosqlite":
            return parsed
        case other:
            raise StartRefused(
                f"the database URL is for {other}; use postgresql+asyncpg://… or"
                " sqlite+aiosqlite:///…"
            )


def _open_postgres(url: URL, connections_max: int) -> Database:
    try:
        check_certificates(url)
        pooler = pooler_options(url)
        url, given = connect_arguments(url)
    except UnusableParameter as error:
        raise StartRefused(f"the database URL: {error}") from None
    settings = {"application_name": "angarium"}
    if not pooler.is_used:
        settings |= {
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "jit": "off",
        }
    settings |= given.pop("server_settings", {})
    engine = create_async_engine(
        url,
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={"timeout": 5, "server_settings": settings, **_pooled(pooler), **given},
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _replace_ended(_: Any, record: Any, __: Any) -> None:
        # asyncpg knows when the server has ended a connection, as at its restart: without this,
        # the next request fails while readiness, which has used up another one, says all is well.
        if record.driver_connection.is_closed():
            raise DisconnectionError

    return Database(engine, on_postgres=True, pooler=pooler)


def _pooled(pooler: PoolerOptions) -> dict[str, Any]:
    """Arguments of the driver for connections through a pooler."""
    if not pooler.is_used:
        return {}
    # The server's own limits are those of its role. This one cancels the statement.
    arguments: dict[str, Any] = {"command_timeout": STATEMENT_TIMEOUT_MS / 1_000}
    if not pooler.keeps_prepared:
        # asyncpg then sends a statement and its arguments without a Sync between them, so that a
        # pooler gives both to the same server.
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return arguments


def _open_sqlite(url: URL, connections_max: int) -> AsyncEngine:
    if url.query:
        raise StartRefused(
            f"the database URL: an SQLite URL takes no parameters; remove ?{next(iter(url.query))}…"
        )
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=min(connections_max, 4),
        max_overflow=0,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        if not _is_foreign(cursor):
            cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = full")
        cursor.execute("pragma foreign_keys = on")
        # Deleted bytes would stay in free pages of the file.
        cursor.execute("pragma secure_delete = on")
        cursor.execute(f"pragma busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that reads first and writes later fails at once, without waiting for
        # `busy_timeout`, if another wrote in between. Taking the write lock first prevents that.
        if connection.get_execution_options().get("read_only") is not True:
            connection.exec_driver_sql("begin immediate")

    return engine


def _is_foreign(cursor: Any) -> bool:
    """True for a file with tables that no service made: its journal mode is not ours to change."""
    cursor.execute("select name from sqlite_master where type = 'table'")
    names = {name for (name,) in cursor.fetchall()}
    return bool(names) and "alembic_version" not in names


async def postgres_of(connection: AsyncConnection) -> asyncpg.Connection:
    """The underlying asyncpg connection, for statements that must be one round trip."""
    raw = await connection.get_raw_connection()
    return raw.driver_connection
