"""A database knows its service and its key: the wrong one of either is refused, and untouched."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.resealing import Resealing
from angarium_chassis.database.schema import Schema
from angarium_chassis.database.sealed_columns import sealed
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, inspect, text

ENV = """
from angarium_chassis.database.migration_env import run_migrations

run_migrations()
"""
FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "notes",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        sa.Column("sealed", sa.LargeBinary),
    )


def downgrade():
    op.drop_table({table!r})
    op.drop_table("notes")
"""
KEY, OTHER_KEY = Seal(b"k" * 32), Seal(b"o" * 32)
DATABASE_URL = r"ANGARIUM_COURIER_DATABASE_URL \(or ANGARIUM_DATABASE_URL\)"
WRONG_KEY = "ANGARIUM_ENCRYPTION_KEY is another key than .* courier's .*; set that key again"


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Schema]]:
    """The schemas of two services that exist in this test only."""
    found = {}
    for service, table in (("courier", "parcels"), ("cashier", "coins")):
        package = tmp_path / "source" / f"angarium_{service}"
        versions = package / "migrations" / "versions"
        versions.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "migrations" / "env.py").write_text(ENV)
        (versions / "0001_first.py").write_text(FIRST.format(table=table))
        tables = MetaData()
        Table(table, tables, Column("id", Integer, primary_key=True))
        Table(
            "notes",
            tables,
            Column("id", LargeBinary, primary_key=True),
            Column("sealed", LargeBinary, info=sealed()),
        )
        found[service] = Schema(service, package.name, tables, frozenset({table}))
    monkeypatch.syspath_prepend(str(tmp_path / "source"))
    yield found
    for service in found:
        sys.modules.pop(f"angarium_{service}", None)


@pytest.fixture
def courier(schemas: dict[str, Schema]) -> Schema:
    return schemas["courier"]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


async def execute(database: Database, *statements: str) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


def contents_of(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        name: (
            [column["name"] for column in found.get_columns(name)],
            [tuple(row) for row in connection.execute(text(f"select * from {name}"))],
        )
        for name in found.get_table_names()
    }


async def contents(database: Database) -> dict[str, object]:
    async with database.reading.connect() as connection:
        return await connection.run_sync(contents_of)


async def made_by_an_earlier_version(schema: Schema, database: Database) -> None:
    """Leave the database as versions did that recorded neither service nor key."""
    await schema.migrate(database)
    await execute(
        database,
        "alter table alembic_version drop column service",
        "alter table alembic_version drop column key_check",
    )


async def refused_untouched(schema: Schema, database: Database, why: str) -> None:
    before = await contents(database)
    attempts = (
        schema.migrate(database, seal=KEY),
        schema.migrate(database, "base", seal=KEY),
        schema.require_own(database, KEY),
        schema.require_current(database),
    )
    for attempt in attempts:
        with pytest.raises(StartRefused, match=why) as refused:
            await attempt
        assert "\n" not in str(refused.value)
    assert await contents(database) == before


async def test_the_database_of_another_service_is_refused(
    schemas: dict[str, Schema], database: Database
) -> None:
    await schemas["cashier"].migrate(database)

    await refused_untouched(
        schemas["courier"], database, f"{DATABASE_URL} names the cashier's database; set it to"
    )


async def test_the_database_of_another_service_that_does_not_record_it_is_refused(
    schemas: dict[str, Schema], database: Database
) -> None:
    await made_by_an_earlier_version(schemas["cashier"], database)

    await refused_untouched(
        schemas["courier"],
        database,
        f"{DATABASE_URL} names a database of something else .tables coins, notes.; set it to",
    )


@pytest.mark.parametrize(
    "statements",
    [
        ["create table orders (id integer)"],
        ["create table parcels (weight integer)"],
        [
            "create table orders (id integer)",
            "create table alembic_version (version_num varchar(32) not null)",
        ],
        [
            "create table orders (id integer)",
            "create table alembic_version (version_num varchar(32) not null)",
            "insert into alembic_version values ('1975ea83b712')",
        ],
    ],
)
async def test_the_database_of_another_program_is_refused(
    courier: Schema, database: Database, statements: list[str]
) -> None:
    await execute(database, *statements)

    await refused_untouched(courier, database, f"{DATABASE_URL} names a database")


async def test_the_file_of_another_program_keeps_its_bytes(courier: Schema, tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "orders.db"
    with sqlite3.connect(path) as other:
        other.execute("create table orders (id integer)")
    other.close()
    before = path.read_bytes()
    database = open_database(f"sqlite:///{path}")

    with pytest.raises(StartRefused, match=DATABASE_URL):
        await courier.migrate(database)

    await database.close()
    assert path.read_bytes() == before


async def test_a_database_of_an_earlier_version_becomes_the_services_own_by_migration(
    schemas: dict[str, Schema], database: Database
) -> None:
    courier = schemas["courier"]
    await made_by_an_earlier_version(courier, database)
    await execute(database, "create table orders_of_the_operator (id integer)")

    with pytest.raises(StartRefused, match=r"does not record.*`angarium migrate courier`"):
        await courier.require_current(database)
    await courier.migrate(database)

    await courier.require_current(database)
    with pytest.raises(StartRefused, match="the courier's database"):
        await schemas["cashier"].require_current(database)


async def test_an_empty_database_is_fit_for_any_service(
    schemas: dict[str, Schema], database: Database
) -> None:
    await schemas["cashier"].require_own(database, KEY)
    await schemas["cashier"].migrate(database, seal=KEY)
    await schemas["cashier"].migrate(database, "base")

    await schemas["courier"].require_own(database, OTHER_KEY)
    await schemas["courier"].migrate(database, seal=OTHER_KEY)
    await schemas["courier"].require_key(database, OTHER_KEY)


async def test_extensions_do_not_make_a_database_another_programs(
    courier: Schema, postgres_url: str
) -> None:
    database = open_database(postgres_url)
    # As PostGIS does with spatial_ref_sys.
    await execute(
        database,
        "create table spatial_ref_sys (id integer)",
        "alter extension plpgsql add table spatial_ref_sys",
    )

    await courier.migrate(database)
    await database.close()


@pytest.mark.parametrize("recorded_by", ["migration", "start"])
async def test_the_first_key_is_recorded_and_another_is_refused(
    courier: Schema, database: Database, recorded_by: str
) -> None:
    await courier.migrate(database, seal=KEY if recorded_by == "migration" else None)
    if recorded_by == "start":
        await courier.require_key(database, KEY)
    before = await contents(database)

    await courier.require_key(database, KEY)
    for attempt in (
        courier.require_key(database, OTHER_KEY),
        courier.require_own(database, OTHER_KEY),
        courier.migrate(database, seal=OTHER_KEY),
        courier.migrate(database, "base", seal=OTHER_KEY),
    ):
        with pytest.raises(StartRefused, match=WRONG_KEY):
            await attempt
    assert await contents(database) == before


async def test_a_database_without_a_recorded_key_is_judged_by_what_it_keeps_sealed(
    courier: Schema, database: Database
) -> None:
    await made_by_an_earlier_version(courier, database)
    async with database.engine.begin() as connection:
        await connection.execute(
            text("insert into notes values (:id, :sealed)"),
            {"id": b"note", "sealed": KEY.close(b"hush", b"note")},
        )

    with pytest.raises(StartRefused, match=WRONG_KEY):
        await courier.migrate(database, seal=OTHER_KEY)
    await courier.migrate(database)
    with pytest.raises(StartRefused, match=WRONG_KEY):
        await courier.require_key(database, OTHER_KEY)
    await courier.require_key(database, KEY)


async def test_migrating_without_a_key_keeps_the_recorded_one(
    courier: Schema, database: Database
) -> None:
    await courier.migrate(database, seal=KEY)
    await courier.migrate(database)

    with pytest.raises(StartRefused, match=WRONG_KEY):
        await courier.require_key(database, OTHER_KEY)


async def recorded(database: Database) -> str | None:
    async with database.reading.connect() as connection:
        found = await connection.scalar(text("select key_check from alembic_version"))
        return None if found is None else str(found)


async def test_a_start_is_refused_while_a_key_is_missing_that_is_needed(
    courier: Schema, database: Database
) -> None:
    """The steps of a rotation, each with the starts that it makes possible and impossible."""
    old, new = KEY, OTHER_KEY
    await courier.migrate(database, seal=old)
    await courier.require_key(database, Seal(b"k" * 32, [b"o" * 32]))
    assert await recorded(database) == old.check_value
    await courier.require_key(database, old)

    both = Seal(b"o" * 32, [b"k" * 32])
    await courier.require_key(database, both)

    assert await recorded(database) == f"{new.key_id},{old.key_id}"
    assert await courier.keys(database) == (new.key_id, old.key_id)
    await courier.require_key(database, Seal(b"k" * 32, [b"o" * 32]))
    assert await courier.keys(database) == (old.key_id, new.key_id)
    for alone, missing in ((old, new), (new, old)):
        expected = (
            rf"courier's database needs encryption keys that are not set \({missing.key_id}\); add"
            " them to ANGARIUM_ENCRYPTION_KEY_FALLBACKS until `angarium encryption rotate`"
        )
        for attempt in (
            courier.require_key(database, alone),
            courier.require_own(database, alone),
            courier.migrate(database, seal=alone),
        ):
            with pytest.raises(StartRefused, match=expected) as refused:
                await attempt
            assert "\n" not in str(refused.value)
    with pytest.raises(StartRefused, match=WRONG_KEY):
        await courier.require_key(database, Seal(b"a" * 32))
    assert await recorded(database) == f"{old.key_id},{new.key_id}"

    assert (await Resealing(courier, database, both).run()).complete
    assert await recorded(database) == new.check_value
    await courier.require_key(database, new)
    await courier.require_key(database, both)
    with pytest.raises(StartRefused, match=WRONG_KEY):
        await courier.require_key(database, old)


async def test_more_keys_than_two_fit_into_the_record(courier: Schema, database: Database) -> None:
    keys = [bytes([number]) * 32 for number in range(6)]
    await courier.migrate(database, seal=Seal(keys[0]))
    for key in keys[1:]:
        await courier.require_key(database, Seal(key, [each for each in keys if each != key]))

    assert set(await courier.keys(database)) == {Seal(key).key_id for key in keys}


async def test_a_database_without_a_recorded_key_needs_the_key_that_opens_its_secrets(
    courier: Schema, database: Database
) -> None:
    await made_by_an_earlier_version(courier, database)
    async with database.engine.begin() as connection:
        await connection.execute(
            text("insert into notes values (:id, :sealed)"),
            {"id": b"note", "sealed": KEY.close(b"hush", b"note")},
        )
    await courier.migrate(database, seal=Seal(b"o" * 32, [b"k" * 32]))

    assert await courier.keys(database) == (OTHER_KEY.key_id, KEY.key_id)
