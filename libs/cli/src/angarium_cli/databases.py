"""The services' databases: their URLs, opened for reading, migrated."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from angarium_chassis.database.engine import CONNECTION_ERRORS, Database, open_database
from angarium_chassis.database.migration_phases import Migration, Phase
from angarium_chassis.encryption_keys import (
    FALLBACKS_VARIABLE,
    KEY_VARIABLE,
    KeysRefused,
    seal_from,
)
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from sqlalchemy import Connection, make_url

from angarium_cli.failure import CommandFailed
from angarium_cli.known_environment import refuse_unknown_settings
from angarium_cli.services import ServiceName, examination_of

if TYPE_CHECKING:
    from angarium_cli.installation import Installation


def database_url(service: str, environment: Mapping[str, str], *, alone: bool) -> str:
    """The URL of a service's database, from ANGARIUM_<SERVICE>_DATABASE_URL.

    With `alone`, if the command is for this service only, also from ANGARIUM_DATABASE_URL. Either
    may instead name a file: …_URL_FILE. Raises CommandFailed if none is set, or if another
    variable is misspelt.
    """
    refuse_unknown_settings(environment)
    own = f"ANGARIUM_{service.upper()}_DATABASE_URL"
    variables = [own, "ANGARIUM_DATABASE_URL"] if alone else [own]
    for variable in variables:
        if environment.get(variable):
            return environment[variable]
        path = environment.get(f"{variable}_FILE")
        if path:
            return _read(f"{variable}_FILE", path)
    missing = " nor ".join(variables)
    raise CommandFailed(
        f"{'neither ' if alone else ''}{missing} is {'' if alone else 'not '}set;"
        f" set {own} to postgresql+asyncpg://… or sqlite+aiosqlite:///…"
    )


@asynccontextmanager
async def opened_database(
    installation: "Installation", service: ServiceName
) -> AsyncIterator[Database]:
    """An open database that has this version's schema.

    Raises CommandFailed, also for what fails while the database is used.
    """
    url = installation.settings_or_refusal(service).database_url.get_secret_value()
    if is_missing_file(url):
        raise CommandFailed(f"the {service}'s SQLite file does not exist; run `angarium migrate`")
    try:
        database = open_database(url, connections_max=2)
        try:
            await examination_of(service).SCHEMA.require_current(database)
            yield database
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal), exit_status=1) from refusal
    except CONNECTION_ERRORS as error:
        reason = str(error.__cause__ or error).splitlines() or [type(error).__name__]
        raise CommandFailed(
            f"the {service}'s database cannot be read: {reason[0]}; run `angarium doctor`",
            exit_status=1,
        ) from error


def is_missing_file(url: str) -> bool:
    """True for an SQLite file that does not exist: opening the database would create it.

    False for a malformed URL: opening it says what is wrong.
    """
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - see above
        return False
    path = parsed.database
    return parsed.get_backend_name() == "sqlite" and bool(path) and not Path(path or "").exists()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """The schema's versions before and after; None is an empty database."""

    before: str | None
    after: str | None


def encryption_key(environment: Mapping[str, str]) -> Seal | None:
    """The seal under ANGARIUM_ENCRYPTION_KEY and ANGARIUM_ENCRYPTION_KEY_FALLBACKS, or the files
    that …_FILE names; None without a key. Raises CommandFailed for what is no key."""
    key = _value_or_file(environment, KEY_VARIABLE)
    if not key:
        return None
    try:
        return seal_from(key, _value_or_file(environment, FALLBACKS_VARIABLE))
    except KeysRefused as refused:
        raise CommandFailed(str(refused)) from None


def refuse_shared(urls: Mapping[ServiceName, str]) -> None:
    """Raise CommandFailed if two services have the same database."""
    services: dict[tuple[object, ...], ServiceName] = {}
    for service, url in urls.items():
        try:
            parsed = make_url(url)
        except Exception:  # noqa: BLE001, S112 - opening the database says what is wrong
            continue
        place = parsed.get_backend_name(), parsed.host, parsed.port, parsed.database
        other = services.setdefault(place, service)
        if other != service:
            raise CommandFailed(
                f"the {other} and the {service} have the same database; set"
                f" ANGARIUM_{service.upper()}_DATABASE_URL to a database of the {service}'s own"
            )


async def require_own(service: ServiceName, url: str, seal: Seal | None) -> None:
    """Check that the database is the service's, or empty, and was used with this key.

    Only reads. Raises CommandFailed.
    """
    if is_missing_file(url):
        return
    try:
        database = open_database(url)
        try:
            await examination_of(service).SCHEMA.require_own(database, seal)
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal)) from refusal


async def pending_migrations(
    service: ServiceName, url: str, phase: Phase | None = None
) -> list[Migration]:
    """The migrations that `migrate_database` would run. Only reads. Raises CommandFailed."""
    schema = examination_of(service).SCHEMA
    if is_missing_file(url):
        return [] if phase == "after" else schema.migrations()
    try:
        database = open_database(url)
        try:
            return await schema.pending(database, phase)
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal)) from refusal


async def migrate_database(
    service: ServiceName, url: str, seal: Seal | None = None, phase: Phase | None = None
) -> SchemaChange:
    """Migrate the database to this version's schema, or as far as `phase` goes. Raises
    CommandFailed."""
    try:
        database = open_database(url)
        try:
            # Only for the output: migrate() reports an unreachable database better.
            before = await _version(database) if await database.problem() is None else None
            await examination_of(service).SCHEMA.migrate(database, seal=seal, phase=phase)
            return SchemaChange(before, await _version(database))
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal)) from refusal


async def _version(database: Database) -> str | None:
    from alembic.runtime.migration import MigrationContext

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.engine.connect() as connection:
        return await connection.run_sync(current)


def _value_or_file(environment: Mapping[str, str], variable: str) -> str:
    value, path = environment.get(variable, ""), environment.get(f"{variable}_FILE")
    return _read(f"{variable}_FILE", path) if path and not value else value


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(
            f"{variable} names {path}, which cannot be read: {error}; correct the path"
        ) from error
