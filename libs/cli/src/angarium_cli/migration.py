"""Migrating one service's database."""

import importlib
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.process import StartRefused
from sqlalchemy import Connection

from angarium_cli.failure import CommandFailed
from angarium_cli.service_names import ServiceName


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The schema's versions before and after; None is an empty database."""

    before: str | None
    after: str | None


async def migrate_database(service: ServiceName, url: str) -> SchemaChange:
    """Bring the database to this version's schema. Raises CommandFailed."""
    module = importlib.import_module(f"angarium_{service}.adapters.database.schema")
    schema: Schema = module.SCHEMA
    try:
        database = open_database(url)
        try:
            # What was there is only told: migrate() reports an unreachable database better.
            before = await _version(database) if await database.problem() is None else None
            await schema.migrate(database)
            return SchemaChange(before, await _version(database))
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal)) from refusal


async def _version(database: Database) -> str | None:
    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.engine.connect() as connection:
        return await connection.run_sync(current)
