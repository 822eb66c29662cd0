"""Migrates a service's database, and refuses to run on the schema of another version."""

import asyncio
from dataclasses import dataclass
from importlib.resources import as_file, files

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from angarium_chassis.process import StartRefused

from .engine import CONNECTION_ERRORS, Database

MIGRATION_LOCK = 7_236_113
"""Key of the Postgres advisory lock that makes concurrent migrations wait for each other."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A service's tables and its migrations, which are in `<package>/migrations`.

    A migration's file name begins with its revision, and revisions sort in their order:
    `versions/0001_first_schema.py`.
    """

    service: str
    package: str
    tables: MetaData

    async def migrate(self, database: Database, revision: str = "head") -> None:
        """Bring the database to `revision`. Raises `StartRefused`."""
        # Alembic takes 13 MB in a process; only this needs it.
        from .schema_migration import NewerSchema, migrate

        try:
            async with database.engine.begin() as connection:
                if database.on_postgres:
                    await connection.exec_driver_sql(
                        f"select pg_advisory_xact_lock({MIGRATION_LOCK})"
                    )
                with as_file(files(self.package) / "migrations") as folder:
                    await connection.run_sync(migrate, str(folder), self.tables, revision)
        except NewerSchema as error:
            raise StartRefused(self._newer()) from error
        except DBAPIError as error:
            if error.statement is None:
                raise StartRefused(self._unreachable(error)) from error
            raise StartRefused(self._failed(error)) from error
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error

    async def require_current(self, database: Database) -> None:
        """Check that the database has this version's schema, or a newer one on which this
        version's code works during a rolling upgrade. Raises `StartRefused` otherwise."""
        try:
            async with asyncio.timeout(15), database.reading.connect() as connection:
                current, works_from = await connection.run_sync(_current_revision)
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error
        known = self._revisions()
        head = known[-1]
        if current == head:
            return
        if current is not None and current not in known:
            if works_from is not None and works_from <= head:
                return
            raise StartRefused(self._newer())
        raise StartRefused(
            f"the {self.service}'s database has schema version {current or 'none'}, this program"
            f" needs {head}; run `angarium migrate {self.service}`"
        )

    def _revisions(self) -> list[str]:
        """The revisions that this version knows, oldest first."""
        versions = (files(self.package) / "migrations" / "versions").iterdir()
        return sorted(file.name.partition("_")[0] for file in versions if file.name.endswith(".py"))

    def _failed(self, error: DBAPIError) -> str:
        return (
            f"the migration of the {self.service}'s database failed and was rolled back:"
            f" {str(error.orig).splitlines()[0]}"
        )

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


def _current_revision(connection: Connection) -> tuple[str | None, str | None]:
    """The version of the schema, and the oldest version whose code works on it, if known."""
    if not inspect(connection).has_table("alembic_version"):
        return None, None
    # Databases that only earlier versions migrated have no works_from.
    row = connection.execute(text("select * from alembic_version")).mappings().first()
    return (None, None) if row is None else (row["version_num"], row.get("works_from"))
