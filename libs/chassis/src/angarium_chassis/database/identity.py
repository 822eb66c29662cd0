"""The owner of a database: the service's name and the encryption keys that it needs.

Both stand beside the schema's version, in `alembic_version`. They prevent that a typing mistake in
a database URL migrates another service's tables, and that a service runs without a key that opens
some of its secrets. `key_check` is the check value of the key or, while secrets are sealed with
several keys, their ids, separated by commas, that of the process that started last before others:
a rotation notices the start of a process that seals with another key.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, inspect, text

from angarium_chassis.sealing import KEY_ID_DIGITS, Seal, SealBroken

from .sealed_columns import some_sealed

VERSION_TABLE = "alembic_version"
_COLUMNS = {"works_from": 32, "service": 32, "key_check": 64}
_NAMED_TABLES_MAX = 3
_SEALED_READ_MAX = 20
_WRITE_KEYS = f"update {VERSION_TABLE} set key_check = :after"  # noqa: S608 - a constant

# Without the tables of extensions, which managed servers create in new databases.
_POSTGRES_TABLES = """
select relname from pg_class
where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
and not exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
)
"""


class WrongDatabase(Exception):
    """The database belongs to another service or program. The text says what it is."""


class WrongKey(Exception):
    """The database was used with other encryption keys only."""


class MissingKeys(Exception):
    """The database needs some of the keys, and further ones, whose ids are `key_ids`."""

    def __init__(self, key_ids: tuple[str, ...]) -> None:
        super().__init__(f"encryption keys {', '.join(key_ids)} are missing")
        self.key_ids = key_ids


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

    @property
    def keys(self) -> tuple[str, ...]:
        """The check values or ids of the keys that the database needs."""
        return tuple(self.key_check.split(",")) if self.key_check else ()


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


def require_keys(
    record: DatabaseRecord, seal: Seal, sealed: Iterable[tuple[bytes, bytes]] = ()
) -> frozenset[str]:
    """The ids of the keys that the database needs. Raises `WrongKey` and `MissingKeys`.

    Without a record, those that open any of `sealed`: at least one of these must open, if there
    are any.
    """
    if record.keys:
        missing = tuple(key_id_in(each) for each in record.keys if not seal.has_key(each))
        if len(missing) == len(record.keys):
            raise WrongKey
        if missing:
            raise MissingKeys(missing)
        return frozenset(key_id_in(each) for each in record.keys)
    tried, found = False, set()
    for secret, associated in sealed:
        tried = True
        try:
            seal.open(secret, associated)
        except SealBroken:
            continue
        found.add(seal.key_id_of(secret, associated))
    if tried and not found:
        raise WrongKey
    return frozenset(found)


def key_id_in(recorded: str) -> str:
    """The id of a key by its id or check value."""
    return recorded[:KEY_ID_DIGITS]


def secrets_to_try(
    record: DatabaseRecord, connection: Connection, tables: MetaData
) -> Iterable[tuple[bytes, bytes]]:
    """Sealed secrets of a database that has no record of its keys yet."""
    if record.keys or record.revision is None:
        return ()
    return some_sealed(connection, tables, _SEALED_READ_MAX)


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


def record_current_key(connection: Connection, seal: Seal, needed: frozenset[str]) -> None:
    """Record that the database needs the current key, which comes first, besides those that are
    recorded already or, without a record, those in `needed`."""
    # Replicas that start with different keys wait for each other, so that each adds its own.
    lock = " for update" if connection.dialect.name == "postgresql" else ""
    before = connection.scalar(text(f"select key_check from {VERSION_TABLE}{lock}"))  # noqa: S608 - constants
    recorded = {key_id_in(each) for each in before.split(",")} if before else needed
    others = sorted(recorded - {seal.key_id})
    after = ",".join([seal.key_id, *others]) if others else seal.check_value
    connection.execute(text(_WRITE_KEYS), {"after": after})


def record_current_key_only(connection: Connection, seal: Seal, before: DatabaseRecord) -> bool:
    """Record that the database needs the current key and no other. False, without a change, if
    the record is not `before` any more."""
    statement = text(f"{_WRITE_KEYS} where key_check = :before")
    values = {"after": seal.check_value, "before": before.key_check}
    return connection.execute(statement, values).rowcount == 1


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
