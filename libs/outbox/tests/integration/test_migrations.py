"""The tables as Alembic and Django create them are those that are declared."""

import asyncio
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from angarium_outbox import Relay, metadata
from angarium_outbox.alembic import create_tables, drop_tables
from angarium_outbox.store import OutboxStore
from angarium_outbox.tables import CHANNEL
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ..fake_platform import FakePlatform
from .test_relay import NewSettings

PRODUCER = Path(__file__).parents[1] / "django_producer.py"


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database without tables."""
    engine = create_async_engine(database_url)
    try:
        yield engine
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    """The changes that Alembic would make in the database."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[Any] = compare_metadata(context, metadata)
    return found


async def has_notify_function(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        query = "select count(*) from pg_proc where proname = 'angarium_outbox_notify'"
        return bool((await connection.exec_driver_sql(query)).scalar())


async def test_a_revision_creates_the_declared_tables_and_drops_them(empty: AsyncEngine) -> None:
    def upgrade(connection: Connection) -> list[Any]:
        create_tables(Operations(MigrationContext.configure(connection)))
        return differences(connection)

    def downgrade(connection: Connection) -> list[str]:
        drop_tables(Operations(MigrationContext.configure(connection)))
        return inspect(connection).get_table_names()

    async with empty.begin() as connection:
        assert await connection.run_sync(upgrade) == []
    if empty.dialect.name == "postgresql":
        assert await has_notify_function(empty)
    async with empty.begin() as connection:
        assert await connection.run_sync(downgrade) == []
    if empty.dialect.name == "postgresql":
        assert not await has_notify_function(empty)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
def test_a_revision_can_be_written_as_sql(dialect: str) -> None:
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": written}
    )
    create_tables(Operations(context))
    drop_tables(Operations(context))

    sql = written.getvalue()
    assert sql.count("CREATE TABLE") == sql.count("DROP TABLE") == 2
    assert sql.count("INDEX angarium_outbox_") == 2
    assert (f"pg_notify('{CHANNEL}'" in sql) == (dialect == "postgresql")
    assert ("LONGTEXT" in sql) == (dialect == "mysql")


async def test_a_producer_with_django_has_the_same_tables_and_its_events_are_posted(
    empty: AsyncEngine, platform: FakePlatform, settings: NewSettings
) -> None:
    url = empty.url.render_as_string(hide_password=False)
    producer = await asyncio.create_subprocess_exec(
        sys.executable, str(PRODUCER), url, stdout=subprocess.PIPE
    )
    printed, _ = await producer.communicate()
    *event_ids, last = printed.decode().split("\n")[:-1]

    assert (producer.returncode, last, event_ids[0]) == (0, "rolled back", "given")
    async with empty.connect() as connection:
        found = await connection.run_sync(differences)
    # Django's own tables are not declared here.
    assert [each for each in found if each[0] not in ("remove_table", "remove_index")] == []
    async with Relay(empty, settings()):
        await platform.has_stored(3)
    assert platform.event_ids() == event_ids
    assert (await OutboxStore(empty).backlog()).pending == 0
