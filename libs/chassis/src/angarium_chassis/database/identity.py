"""The owner of a database: the service's name and a check value of its encryption key.

Both stand beside the schema's version, in `alembic_version`. They prevent that a typing mistake in
a database URL migrates another service's tables, and that secrets are sealed with two keys.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from angarium_chassis.sealing import Seal, SealBroken

VERSION_TABLE = "alembic_version"
_COLUMNS = {"works_from": 32, "service": 32, "key_check": 64}
_NAMED_TABLES_MAX = 3
_SEALED_READ_MAX = 20

# Without the tables of extensions, which managed servers create in new databases.
_POSTGRES_TABLES = """
select relname from pg_class
where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
and not exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
)
"""

type SealedSecrets = Callable[[Connection, int], Iterable[tuple[bytes, bytes]]]
"""Gives up to so many sealed secrets of a database, each with its associated data."""


class WrongDatabase(Exception):
    """The database belongs to another service or program. The text says what it is."""


class WrongKey(Exception):
    """The database was first used with another encryption key."""


@dataclass(frozen=True, slots=True)
class DatabaseRecord:
    """The record in a database; each part is None where it is not recorded.

    `works_from` is the oldest version whose code works on the schema `revision`.
    """

    tables: frozenset[str]
    revision: str | None = None
    works_from: str | None = None
    service: str | None = None
    key_check: str | None = None


def read_record(connection: Connection) -> DatabaseRecord:
    """Read the record. Raises SQLAlchemy's errors."""
    tables = _tables(connection)
    others = tables - {VERSION_TABLE}
    if VERSION_TABLE not in tables:
        return DatabaseRecord(others)
    # Databases that only earlier versions migrated do not have all columns. They are named:
    # asyncpg's prepared `select *` would fail once a migration has added the others.
    names = ", ".join(["version_num", *sorted(_COLUMNS.keys() & _columns(connection))])
    statement = f"select {names} from {VERSION_TABLE}"  # noqa: S608 - constants
    row = connection.execute(text(statement)).mappings().first()
    if row is None:
        return DatabaseRecord(others)
    return DatabaseRecord(
        others,
        row["version_num"],
        row.get("works_from"),
        row.get("service"),
        row.get("key_check"),
    )


def require_owner(record: DatabaseRecord, service: str, own_tables: frozenset[str]) -> None:
    """Raise `WrongDatabase` unless the database is the service's or empty.

    A database without a recorded service, from an earlier version, is known by `own_tables`.
    """
    if record.revision is not None and record.service is not None:
        if record.service != service:
            raise WrongDatabase(f"the {record.service}'s database")
        return
    if record.revision is None and not record.tables:
        return
    if record.revision is None or not own_tables <= record.tables:
        raise WrongDatabase(_described(record.tables - own_tables))


def require_key(
    record: DatabaseRecord, seal: Seal, sealed: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Raise `WrongKey` if the database was used with another key.

    Without a recorded check value, `sealed` decides: one of them must open, if there are any.
    """
    if record.key_check is not None:
        if not seal.matches(record.key_check):
            raise WrongKey
        return
    tried = False
    for secret, associated in sealed:
        tried = True
        try:
            seal.open(secret, associated)
        except SealBroken:
            continue
        return
    if tried:
        raise WrongKey


def secrets_to_try(
    record: DatabaseRecord, connection: Connection, sealed_secrets: SealedSecrets | None
) -> Iterable[tuple[bytes, bytes]]:
    """Sealed secrets of a database that has no check value yet."""
    if record.key_check is not None or record.revision is None or sealed_secrets is None:
        return ()
    return sealed_secrets(connection, _SEALED_READ_MAX)


def complete_version_table(connection: Connection) -> None:
    """Add the columns of the record that the version table does not have yet."""
    present = _columns(connection)
    for name, length in _COLUMNS.items():
        if name not in present:
            connection.execute(
                text(f"alter table {VERSION_TABLE} add column {name} varchar({length})")
            )


def write_service(connection: Connection, service: str) -> None:
    """Record the service."""
    statement = f"update {VERSION_TABLE} set service = :service"  # noqa: S608 - a constant
    connection.execute(text(statement), {"service": service})


def write_key_check(connection: Connection, seal: Seal) -> None:
    """Record the check value of the key, unless one is recorded."""
    statement = f"update {VERSION_TABLE} set key_check = :check where key_check is null"  # noqa: S608 - a constant
    connection.execute(text(statement), {"check": seal.check_value})


def _tables(connection: Connection) -> frozenset[str]:
    if connection.dialect.name == "postgresql":
        return frozenset(connection.scalars(text(_POSTGRES_TABLES)))
    return frozenset(inspect(connection).get_table_names())


def _columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(VERSION_TABLE)}


def _described(foreign: frozenset[str]) -> str:
    if not foreign:
        return "a database whose schema has no version"
    first = sorted(foreign)[:_NAMED_TABLES_MAX]
    more = ", …" if len(foreign) > len(first) else ""
    return f"a database of something else (tables {', '.join(first)}{more})"
