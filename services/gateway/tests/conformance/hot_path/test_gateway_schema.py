"""The gateway's migrations lead to exactly the declared tables, and back."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.partitions import is_no_partition
from angarium_chassis.process import StartRefused
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tables import metadata
from sqlalchemy import Connection, inspect


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


def differences(connection: Connection) -> object:
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": is_no_partition,
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def shapes(connection: Connection) -> dict[str, object]:
    """Columns with nullability, keys and indexes, which the comparison does not all look at."""
    found = inspect(connection)
    return {
        table: (
            [(c["name"], c["nullable"]) for c in found.get_columns(table)],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted((i["name"] or "", tuple(i["column_names"])) for i in found.get_indexes(table)),
        )
        for table in sorted(found.get_table_names())
        if table != "alembic_version" and is_no_partition(table, "table", {})
    }


async def test_the_migrated_schema_is_the_declared_one(empty: Database) -> None:
    await SCHEMA.migrate(empty)
    async with empty.engine.begin() as connection:
        assert await connection.run_sync(differences) == []
        migrated = await connection.run_sync(shapes)
    await SCHEMA.migrate(empty, "base")
    async with empty.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        assert await connection.run_sync(shapes) == migrated


async def test_a_downgrade_to_base_leaves_no_table(empty: Database) -> None:
    await SCHEMA.migrate(empty)
    await SCHEMA.require_current(empty)
    await SCHEMA.migrate(empty, "base")
    async with empty.reading.connect() as connection:
        assert await connection.run_sync(shapes) == {}
    with pytest.raises(StartRefused):
        await SCHEMA.require_current(empty)
    await SCHEMA.migrate(empty)
    await SCHEMA.require_current(empty)
