"""The migrations make exactly the declared tables, on both engines, and can be undone."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.adapters.database.tables import tables
from sqlalchemy import Connection, inspect


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, tables))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _checks(connection: Connection) -> set[str | None]:
    return {
        check["name"] for check in inspect(connection).get_check_constraints("directory_version")
    }


async def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(_checks) == {"ck_directory_version_one_row"}
    await SCHEMA.require_current(database)


async def test_the_migrations_can_be_undone_and_done_again(database: Database) -> None:
    await SCHEMA.migrate(database, "base")
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_tables) == {"alembic_version"}
    await SCHEMA.migrate(database)
    await SCHEMA.require_current(database)
