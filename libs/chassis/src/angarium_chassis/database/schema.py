"""Migrates a service's database. Refuses another service's, and the schema of another version."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files

from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.exc import DBAPIError

from angarium_chassis.encryption_keys import FALLBACKS_VARIABLE
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal

from .engine import CONNECTION_ERRORS, Database
from .identity import (
    DatabaseRecord,
    MissingKeys,
    WrongDatabase,
    WrongKey,
    key_id_in,
    read_record,
    record_current_key,
    require_keys,
    require_owner,
    secrets_to_try,
    write_service,
)
from .migration_phases import (
    Migration,
    Phase,
    PhaseRefused,
    migrations_of_phase,
    oldest_schema,
    read_migrations,
)

MIGRATION_LOCK = 7_236_113
"""Key of the Postgres advisory lock that makes concurrent migrations wait for each other."""
READ_TIMEOUT_S = 15


@dataclass(frozen=True, slots=True)
class Schema:
    """A service's tables and its migrations, which are in `<package>/migrations`.

    A migration's file name begins with its revision, and revisions sort in their order:
    `versions/0001_first_schema.py`. `own_tables` exist since the first revision and in no other
    service's database: they tell whose a database is that an earlier version made.
    A transaction that reads sealed values and writes them again locks the rows of
    `locked_by_changes` first, if there is such a table.
    """

    service: str
    package: str
    tables: MetaData
    own_tables: frozenset[str]
    locked_by_changes: Table | None = None

    async def migrate(
        self,
        database: Database,
        revision: str = "head",
        *,
        seal: Seal | None = None,
        phase: Phase | None = None,
    ) -> None:
        """Bring the database to `revision`, or as far as `phase` goes. Raises `StartRefused`.

        Changes nothing in the database of another service or program, or of another key than
        that of `seal`, nor if the phase cannot be run. Each migration is a transaction, so that no
        lock is held during another one; on an empty database, all are one.
        """
        # Alembic takes 13 MB in a process; only this needs it.
        from .schema_migration import NewerSchema, migrate

        target: str | None = None

        def step(connection: Connection, folder: str) -> bool:
            """Run the next part. Returns True if another one remains."""
            nonlocal target
            needed = self._admit_keys(connection, seal) if seal is not None else frozenset()
            record = self._admit(connection)
            target = target or self._target(record, revision, phase)
            if target is None:
                return False
            now = self._next(record, target)
            migrate(connection, folder, self.tables, now)
            write_service(connection, self.service)
            if seal is not None:
                record_current_key(connection, seal, needed)
            return now != target

        try:
            with as_file(files(self.package) / "migrations") as folder:
                remain = True
                while remain:
                    async with database.engine.begin() as connection:
                        if database.on_postgres:
                            await connection.exec_driver_sql(
                                f"select pg_advisory_xact_lock({MIGRATION_LOCK})"
                            )
                        remain = await connection.run_sync(step, str(folder))
        except NewerSchema as error:
            raise StartRefused(self._newer()) from error
        except DBAPIError as error:
            if error.statement is None:
                raise StartRefused(self._unreachable(error)) from error
            raise StartRefused(self._failed(error)) from error
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error

    def _target(self, record: DatabaseRecord, revision: str, phase: Phase | None) -> str | None:
        """The revision to end at; None to leave an empty database alone."""
        if phase is None:
            return self.head if revision == "head" else revision
        part = self._part(record, phase)
        return part[-1].revision if part else record.revision

    def _next(self, record: DatabaseRecord, target: str) -> str:
        """The revision to go to in the next transaction."""
        if record.revision is None or target not in self._revisions():
            return target
        between = [each for each in self._revisions() if record.revision < each <= target]
        return between[0] if between else target

    async def pending(self, database: Database, phase: Phase | None = None) -> list[Migration]:
        """The migrations that `migrate` would run, oldest first. Only reads. Raises
        `StartRefused`, also for the schema of a newer version."""
        return list(self._part(await self._read(database, self._admit), phase))

    def _part(self, record: DatabaseRecord, phase: Phase | None) -> Sequence[Migration]:
        current = record.revision
        if current is not None and current not in self._revisions():
            raise StartRefused(self._newer())
        pending = [each for each in self.migrations() if current is None or each.revision > current]
        if phase is None:
            return pending
        try:
            return migrations_of_phase(pending, phase, fresh=current is None)
        except PhaseRefused as refusal:
            raise StartRefused(f"the {self.service}'s database: {refusal}") from None

    def migrations(self) -> list[Migration]:
        """All migrations of this version, oldest first."""
        return read_migrations(self.package)

    async def require_own(self, database: Database, seal: Seal | None = None) -> None:
        """Check that the database is the service's, or empty, and needs no key that `seal` has not.

        Only reads. Raises `StartRefused`.
        """
        await self._read(database, self._admit)
        if seal is not None:
            await self._read(database, partial(self._admit_keys, seal=seal))

    async def require_current(self, database: Database) -> None:
        """Check that the database is the service's and has a schema on which this version's code
        works during a rolling upgrade: its own, that without its migrations of the phase `after`,
        or a newer one. Raises `StartRefused`."""
        record = await self._read(database, self._admit)
        known = self._revisions()
        head, current = known[-1], record.revision
        needed = head if current == head else oldest_schema(self.migrations())
        if current in known and current >= needed:
            if record.service is None:
                raise StartRefused(
                    f"the {self.service}'s database does not record whose it is;"
                    f" run `angarium migrate {self.service}`"
                )
            return
        if current is not None and current not in known:
            if record.works_from is not None and record.works_from <= head:
                return
            raise StartRefused(self._newer())
        raise StartRefused(
            f"the {self.service}'s database has schema version {current or 'none'}, this program"
            f" needs {needed}; run `angarium migrate {self.service}`"
        )

    async def require_key(self, database: Database, seal: Seal) -> None:
        """Check that a current database needs no key that `seal` has not, and record that it needs
        the current one: from now on, secrets are sealed with that. Raises `StartRefused`."""
        needed = await self._read(database, partial(self._admit_keys, seal=seal))
        if (await self.keys(database))[:1] == (seal.key_id,):
            return
        try:
            async with database.engine.begin() as connection:
                await connection.run_sync(record_current_key, seal, needed)
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error
        # Another replica may have been first, with another key.
        await self._read(database, partial(self._admit_keys, seal=seal))

    async def keys(self, database: Database) -> tuple[str, ...]:
        """The ids of the keys that the database is recorded to need; empty without a record.
        Raises `StartRefused`."""
        record = await self._read(database, self._admit)
        return tuple(key_id_in(each) for each in record.keys)

    async def _read[T](self, database: Database, look: Callable[[Connection], T]) -> T:
        try:
            async with (
                asyncio.timeout(READ_TIMEOUT_S),
                database.reading.connect() as connection,
            ):
                return await connection.run_sync(look)
        except CONNECTION_ERRORS as error:
            raise StartRefused(self._unreachable(error)) from error

    def _admit(self, connection: Connection) -> DatabaseRecord:
        record = read_record(connection)
        try:
            require_owner(record, self.service, self.own_tables)
        except WrongDatabase as wrong:
            raise StartRefused(
                f"{self._variable} names {wrong}; set it to the {self.service}'s own database"
            ) from None
        return record

    def _admit_keys(self, connection: Connection, seal: Seal) -> frozenset[str]:
        record = self._admit(connection)
        try:
            return require_keys(record, seal, secrets_to_try(record, connection, self.tables))
        except MissingKeys as missing:
            raise StartRefused(
                f"the {self.service}'s database needs encryption keys that are not set"
                f" ({', '.join(missing.key_ids)}); add them to {FALLBACKS_VARIABLE} until"
                " `angarium encryption rotate` is complete"
            ) from None
        except WrongKey:
            raise StartRefused(
                "ANGARIUM_ENCRYPTION_KEY is another key than the one that the"
                f" {self.service}'s database was first used with; set that key again, no other"
                " opens the secrets of endpoints"
            ) from None

    @property
    def _variable(self) -> str:
        return f"ANGARIUM_{self.service.upper()}_DATABASE_URL (or ANGARIUM_DATABASE_URL)"

    @property
    def head(self) -> str:
        """The revision of this version's schema."""
        return self._revisions()[-1]

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
        lines = str(error.__cause__ or error).splitlines()
        reason = lines[0] if lines else type(error).__name__
        return (
            f"the {self.service}'s database cannot be used: {reason};"
            f" {_remedy(reason)} {self._variable}"
        )

    def _newer(self) -> str:
        return (
            f"the {self.service}'s database was made by a newer version of Angarium;"
            " run that version, or restore a backup"
        )


def _remedy(reason: str) -> str:
    """The beginning of the advice to change the database's URL."""
    # PgBouncer's answer to the parameters that a connection begins with.
    if "unsupported startup parameter" in reason:
        return "add pooler=transaction to"
    # The connection of a pooler has those of another client.
    if "prepared statement" in reason:
        return "add prepared_statements=no to"
    return "check"
