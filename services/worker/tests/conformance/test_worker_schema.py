"""The migrated schema is the declared one, on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database
from angarium_worker.adapters.database.schema import SCHEMA
from angarium_worker.adapters.database.tables import tables
from sqlalchemy import Connection, inspect


async def test_migrations_lead_to_the_declared_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_migrated_schema_is_current(database: Database) -> None:
    await SCHEMA.require_current(database)


async def test_migrations_can_be_taken_back_and_done_again(database: Database) -> None:
    await SCHEMA.migrate(database, "base")
    async with database.engine.connect() as connection:
        left = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    assert left <= {"alembic_version"}
    await SCHEMA.migrate(database)
    await SCHEMA.require_current(database)
