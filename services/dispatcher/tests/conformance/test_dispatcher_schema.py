"""The migrations make exactly the declared tables, on both engines, and can be undone."""

from dataclasses import replace
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database
from angarium_contracts.configuration import CreateApplication, CreateEndpoint, CreateEventType
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.adapters.database.tables import tables
from angarium_dispatcher.application.endpoints.save_endpoint import create_endpoint
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.application.tenants.save_event_type import create_event_type
from sqlalchemy import Connection, inspect

from ..conftest import Bench


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


async def test_undoing_the_last_migrations_keeps_everything_else(bench: Bench) -> None:
    tenant = b"t" * 16
    await create_application(CreateApplication(tenant, "A", "acme", weight=9), bench.context)
    made = await create_endpoint(
        CreateEndpoint(tenant, "acme", "https://example.com/", "one", fifo=True), bench.context
    )
    event_type = CreateEventType(tenant, "a.b", "", retry_delays_s=(1.0,))
    await create_event_type(event_type, bench.context)
    await SCHEMA.migrate(bench.database, "-9")
    await SCHEMA.migrate(bench.database)
    found = await bench.reads.find_endpoint(made.application.id, "one")
    assert found == replace(made.endpoint, fifo=False)
    application = await bench.reads.find_application(tenant, "acme")
    assert application == replace(made.application, weight=1)
    kept = await bench.reads.find_event_type(tenant, "a.b")
    assert kept is not None
    assert kept.retry_delays_s is None
