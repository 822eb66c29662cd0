"""The migrated schema is the declared one, on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import is_no_partition
from angarium_worker.adapters.database.schema import SCHEMA
from angarium_worker.adapters.database.tables import tables
from sqlalchemy import Connection, inspect


async def test_migrations_lead_to_the_declared_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": is_no_partition}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))

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


async def test_what_stands_in_a_lane_and_what_does_not_have_indexes_of_their_own(
    database: Database,
) -> None:
    def conditions(connection: Connection) -> dict[str | None, str]:
        found = {}
        for table in ("pending_delivery", "lane"):
            for index in inspect(connection).get_indexes(table):
                options = index.get("dialect_options", {})
                where = options.get("postgresql_where") or options.get("sqlite_where")
                if where is not None:
                    found[index["name"]] = str(where).lower().strip("()")
        return found

    async with database.engine.connect() as connection:
        assert await connection.run_sync(conditions) == {
            "pending_delivery_by_due": "lane is null",
            "pending_delivery_by_lane": "lane is not null",
            "lane_by_holding": "held_until is not null",
        }
