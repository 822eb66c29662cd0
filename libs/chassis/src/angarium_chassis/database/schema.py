"""Migrating a service's database, and refusing to run on another version's schema."""

import asyncio
from dataclasses import dataclass
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from angarium_chassis.process import StartRefused

from .engine import CONNECTION_ERRORS, Database

MIGRATION_LOCK = 7_236_113
"""Postgres advisory lock: two migrations at once take turns."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A service's tables and where its migrations lie: `<package>/migrations`."""

    service: str
    package: str
    tables: MetaData

    async def migrate(self, database: Database, revision: str = "head") -> None:
        """Bring the database to `revision`. Raises `StartRefused`."""
        try:
            async with database.engine.begin() as connection:
                if database.on_postgres:
                    await connection.exec_driver_sql(
                        f"select pg_advisory_xact_lock({MIGRATION_LOCK})"
                    )
                await connection.run_sync(self._upgrade, revision)
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error
        except CommandError as error:
            raise StartRefused(self._newer()) from error

    async def require_current(self, database: Database) -> None:
        """Raise `StartRefused` unless the database has exactly this version's schema."""
        try:
            async with asyncio.timeout(15), database.reading.connect() as connection:
                current = await connection.run_sync(_current_revision)
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error
        with as_file(files(self.package) / "migrations") as folder:
            script = ScriptDirectory(str(folder))
            head = script.get_current_head()
            known = {revision.revision for revision in script.walk_revisions()}
        if current == head:
            return
        if current is not None and current not in known:
            raise StartRefused(self._newer())
        raise StartRefused(
            f"the {self.service}'s database has schema version {current or 'none'}, this program"
            f" needs {head}; run `angarium migrate {self.service}`"
        )

    def _upgrade(self, connection: Connection, revision: str) -> None:
        with as_file(files(self.package) / "migrations") as folder:
            config = Config()
            config.set_main_option("script_location", str(folder))
            config.attributes["connection"] = connection
            config.attributes["tables"] = self.tables
            if revision == "base" or revision.startswith("-"):
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)

    def _unreachable(self, error: Exception) -> str:
        variable = f"ANGARIUM_{self.service.upper()}_DATABASE_URL (or ANGARIUM_DATABASE_URL)"
        reason = str(error.__cause__ or error).splitlines()
        return (
            f"the {self.service}'s database cannot be used:"
            f" {reason[0] if reason else type(error).__name__}; check {variable}"
        )

    def _newer(self) -> str:
        return (
            f"the {self.service}'s database was made by a newer version of Angarium;"
            " run that version, or restore a backup"
        )


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
