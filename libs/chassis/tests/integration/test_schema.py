import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.process import StartRefused
from sqlalchemy import inspect, make_url, text

from ..courier_package import TABLES, write_package

BEARABLE = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
works_from = "0002"


def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
"""
BROKEN = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table("pallets", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("insert into nowhere values (1)")
"""


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The migrations of a package `angarium_courier`, which exists in this test only."""
    versions = write_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "source"))
    yield versions
    sys.modules.pop("angarium_courier", None)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
def schema(migrations: Path) -> Schema:
    return Schema("courier", "angarium_courier", TABLES, own_tables=frozenset({"parcels"}))


async def tables_of(database: Database) -> set[str]:
    async with database.reading.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_a_migrated_database_is_current(schema: Schema, database: Database) -> None:
    await schema.migrate(database)

    await schema.require_current(database)
    assert await tables_of(database) == {"parcels", "alembic_version"}


async def test_migrating_again_changes_nothing(schema: Schema, database: Database) -> None:
    await schema.migrate(database)
    await schema.migrate(database)

    await schema.require_current(database)


async def test_a_fresh_database_is_refused_with_the_remedy(
    schema: Schema, database: Database
) -> None:
    with pytest.raises(StartRefused, match=r"version none.*`angarium migrate courier`"):
        await schema.require_current(database)


async def test_a_database_behind_is_refused_until_it_is_migrated(
    schema: Schema, database: Database
) -> None:
    await schema.migrate(database, "0001")
    with pytest.raises(StartRefused, match=r"0001.*needs 0002.*`angarium migrate courier`"):
        await schema.require_current(database)

    await schema.migrate(database)
    await schema.require_current(database)


async def test_a_newer_database_is_neither_used_nor_migrated(
    schema: Schema, database: Database
) -> None:
    await schema.migrate(database)
    async with database.engine.begin() as connection:
        newer = "update alembic_version set version_num = '0003', works_from = '0003'"
        await connection.execute(text(newer))

    with pytest.raises(StartRefused, match=r"newer version.*run that version"):
        await schema.require_current(database)
    with pytest.raises(StartRefused, match=r"newer version.*run that version"):
        await schema.migrate(database)


async def test_code_that_bears_a_newer_schema_starts_on_it_and_does_not_migrate(
    schema: Schema, database: Database, migrations: Path
) -> None:
    (migrations / "0003_notes.py").write_text(BEARABLE)
    await schema.migrate(database)
    (migrations / "0003_notes.py").unlink()

    await schema.require_current(database)
    with pytest.raises(StartRefused, match=r"newer version.*run that version"):
        await schema.migrate(database)


async def test_code_that_a_migration_since_does_not_bear_is_refused(
    schema: Schema, database: Database, migrations: Path
) -> None:
    (migrations / "0003_notes.py").write_text(BEARABLE)
    await schema.migrate(database)
    (migrations / "0003_notes.py").unlink()
    (migrations / "0002_weight.py").unlink()

    # 0003 works from 0002, and 0002 needs its own code.
    with pytest.raises(StartRefused, match=r"newer version.*run that version"):
        await schema.require_current(database)


async def test_going_back_forgets_what_the_newer_schema_bore(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database)
    await schema.migrate(database, "-1")

    async with database.reading.connect() as connection:
        row = (await connection.execute(text("select * from alembic_version"))).one()
    assert row == ("0001", "0001", "courier", None)


async def test_downgrading_to_the_base_removes_the_tables(
    schema: Schema, database: Database
) -> None:
    await schema.migrate(database)
    await schema.migrate(database, "base")

    assert await tables_of(database) == {"alembic_version"}


async def test_a_migration_that_fails_leaves_nothing(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database, "0001")
    (migrations / "0002_weight.py").write_text(BROKEN)

    with pytest.raises(StartRefused):
        await schema.migrate(database)

    assert await tables_of(database) == {"parcels", "alembic_version"}


async def test_those_before_a_migration_that_fails_stay(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database, "0001")
    third = BROKEN.replace('"0002"', '"0003"').replace('"0001"', '"0002"')
    (migrations / "0003_broken.py").write_text(third)

    with pytest.raises(StartRefused):
        await schema.migrate(database)

    assert await tables_of(database) == {"parcels", "alembic_version"}
    async with database.reading.connect() as connection:
        row = (await connection.execute(text("select * from alembic_version"))).one()
    assert row == ("0002", "0002", "courier", None)


@pytest.mark.parametrize("change", ["password", "database", "port"])
async def test_a_database_that_cannot_be_reached_names_its_setting(
    schema: Schema, postgres_url: str, change: str
) -> None:
    right = make_url(postgres_url)
    wrong = {
        "password": right.set(password="hunter2"),
        "database": right.set(database="nowhere"),
        "port": right.set(port=1),
    }[change]
    database = open_database(wrong.render_as_string(hide_password=False))

    for attempt in (schema.require_current, schema.migrate):
        with pytest.raises(StartRefused, match="ANGARIUM_COURIER_DATABASE_URL") as refused:
            await attempt(database)
        assert "hunter2" not in str(refused.value)
        assert "\n" not in str(refused.value)
    await database.close()


async def test_a_file_that_is_no_database_names_its_setting(schema: Schema, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, and long enough to be read as one" * 100)
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")

    with pytest.raises(StartRefused, match="ANGARIUM_COURIER_DATABASE_URL"):
        await schema.require_current(database)
    await database.close()
