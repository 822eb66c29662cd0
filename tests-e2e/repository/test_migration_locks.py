"""The phase of a migration and its locks on Postgres, as `angarium migrate --plan` prints them.

The locks in the docstring of a migration are those that Postgres shows: a rule by the kind of
statement would miss those that a statement takes on the way.
"""

import ast
from collections.abc import Awaitable, Callable
from importlib.resources import as_file, files

import pytest
from angarium_chassis.database.engine import open_database
from angarium_chassis.database.schema_migration import migrate
from angarium_cli.services import SERVICES, examination_of
from sqlalchemy import Connection, text

MODES = ("AccessExclusiveLock", "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock")
"""Those that make reads or writes of others wait, the strongest first."""
NAMES = {
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ShareLock": "SHARE",
}
TABLES = text(
    "select oid, relname from pg_class where relnamespace = current_schema()::regnamespace"
    " and relkind in ('r', 'p') and not relispartition and relname <> 'alembic_version'"
)
LOCKS = text("select relation, mode from pg_locks where pid = pg_backend_pid() and granted")
REMOVING = {"drop_table", "drop_column", "alter_column", "rename_table"}


def locks_line(connection: Connection, tables: dict[int, str]) -> str:
    """The paragraph of a docstring, for what the open transaction has locked of `tables`."""
    held: dict[str, str] = {}
    for oid, mode in connection.execute(LOCKS):
        name = tables.get(oid)
        if name and mode in MODES:
            held[name] = min(mode, held.get(name, mode), key=MODES.index)
    parts = [
        f"{NAMES[mode]} on {', '.join(sorted(name for name in held if held[name] == mode))}"
        for mode in MODES
        if mode in held.values()
    ]
    return f"Locks: {'; '.join(parts) or 'none'}."


@pytest.mark.parametrize("service", SERVICES)
async def test_every_migration_names_the_locks_that_it_takes(
    service: str, new_postgres_url: Callable[[], Awaitable[str]]
) -> None:
    schema = examination_of(service).SCHEMA
    database = open_database(await new_postgres_url(), connections_max=2)

    def apply(connection: Connection, folder: str, revision: str) -> str:
        tables = {row.oid: row.relname for row in connection.execute(TABLES)}
        migrate(connection, folder, schema.tables, revision)
        return locks_line(connection, tables)

    with as_file(files(schema.package) / "migrations") as folder:
        for each in schema.migrations():
            async with database.engine.begin() as connection:
                taken = await connection.run_sync(apply, str(folder), each.revision)
            assert taken in each.paragraphs, f"{service} {each.revision}: it lacks this line"
    await database.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_says_when_to_run_it_and_removes_only_afterwards(service: str) -> None:
    schema = examination_of(service).SCHEMA
    sources = {
        path.name.partition("_")[0]: path.read_text()
        for path in (files(schema.package) / "migrations/versions").iterdir()
        if path.name.endswith(".py")
    }
    for each in schema.migrations():
        (deploy,) = [text for text in each.paragraphs if text.startswith("Deploy")]
        assert deploy.partition(": ")[2].startswith(each.phase), each.revision
        upgrade = next(
            node
            for node in ast.parse(sources[each.revision]).body
            if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
        )
        called = {node.attr for node in ast.walk(upgrade) if isinstance(node, ast.Attribute)}
        assert each.phase == "after" or not called & REMOVING, each.revision
