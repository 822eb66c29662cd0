import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.database.schema import Schema
from angarium_chassis.examination.database_checks import check_database
from angarium_chassis.examination.findings import Level
from angarium_chassis.process import StartRefused
from sqlalchemy import inspect, text

from ..courier_package import TABLES, write_package

AFTER = """
from alembic import op

revision = "0003"
down_revision = "0002"
phase = "after"


def upgrade():
    with op.batch_alter_table("parcels") as parcels:
        parcels.drop_column("weight")
"""
ADDED = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down_revision}"
works_from = "{works_from}"


def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
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


async def revision_of(database: Database) -> tuple[str, str]:
    async with database.reading.connect() as connection:
        statement = text("select version_num, works_from from alembic_version")
        row = (await connection.execute(statement)).one()
    return row.version_num, row.works_from


async def test_the_phase_before_leaves_out_what_goes_after_and_the_version_starts(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database, "0001")
    (migrations / "0003_weights_go.py").write_text(AFTER)

    assert [each.revision for each in await schema.pending(database, "before")] == ["0002"]
    await schema.migrate(database, phase="before")

    assert (await revision_of(database))[0] == "0002"
    await schema.require_current(database)
    assert [each.phase for each in await schema.pending(database)] == ["after"]

    await schema.migrate(database, phase="after")
    # The earlier version, whose code ends at 0002, is refused from now on.
    assert await revision_of(database) == ("0003", "0003")
    await schema.require_current(database)


async def test_both_phases_of_a_current_database_change_nothing(
    schema: Schema, database: Database, migrations: Path
) -> None:
    (migrations / "0003_weights_go.py").write_text(AFTER)
    await schema.migrate(database)

    await schema.migrate(database, phase="before")
    await schema.migrate(database, phase="after")

    assert (await revision_of(database))[0] == "0003"


async def test_an_empty_database_gets_everything_before(
    schema: Schema, database: Database, migrations: Path
) -> None:
    (migrations / "0003_weights_go.py").write_text(AFTER)
    text_of_fourth = ADDED.format(revision="0004", down_revision="0003", works_from="0003")
    (migrations / "0004_notes.py").write_text(text_of_fourth)

    await schema.migrate(database, phase="after")
    assert await tables_of(database) == set()
    await schema.migrate(database, phase="before")

    assert (await revision_of(database))[0] == "0004"


async def test_the_phase_after_waits_for_the_phase_before(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database, "0001")
    (migrations / "0003_weights_go.py").write_text(AFTER)

    with pytest.raises(StartRefused, match=r"migration 0002 must run first.*--phase before"):
        await schema.migrate(database, phase="after")
    with pytest.raises(StartRefused, match=r"0001.*needs 0002.*`angarium migrate courier`"):
        await schema.require_current(database)

    assert (await revision_of(database))[0] == "0001"


async def test_a_skipped_version_is_refused_before_anything_runs(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database, "0001")
    (migrations / "0003_weights_go.py").write_text(AFTER)
    text_of_fourth = ADDED.format(revision="0004", down_revision="0003", works_from="0002")
    (migrations / "0004_notes.py").write_text(text_of_fourth)

    with pytest.raises(StartRefused, match=r"0003 must run between.*upgrade to the version"):
        await schema.migrate(database, phase="before")

    assert (await revision_of(database))[0] == "0001"
    await schema.migrate(database)
    await schema.require_current(database)


async def test_a_forgotten_phase_after_is_caught_up_at_the_next_upgrade(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database)
    (migrations / "0003_weights_go.py").write_text(AFTER)
    text_of_fourth = ADDED.format(revision="0004", down_revision="0003", works_from="0002")
    (migrations / "0004_notes.py").write_text(text_of_fourth)

    with pytest.raises(StartRefused, match=r"0003 of the running version.*--phase after`, then"):
        await schema.migrate(database, phase="before")
    await schema.migrate(database, phase="after")
    assert (await revision_of(database))[0] == "0003"
    await schema.migrate(database, phase="before")

    assert await revision_of(database) == ("0004", "0003")


async def test_the_doctor_names_migrations_that_wait_for_the_phase_after(
    schema: Schema, database: Database, migrations: Path
) -> None:
    await schema.migrate(database)
    (migrations / "0003_weights_go.py").write_text(AFTER)

    (waiting,) = await check_database("courier", schema, database)
    assert (waiting.level, "0003" in waiting.sentence) == (Level.WARNING, True)
    assert "--phase after" in str(waiting.remedy)

    await schema.migrate(database, phase="after")
    (current,) = await check_database("courier", schema, database)
    assert current.level is Level.OK


def test_another_phase_is_an_error(schema: Schema, migrations: Path) -> None:
    (migrations / "0003_weights_go.py").write_text(AFTER.replace('"after"', '"later"'))

    with pytest.raises(ValueError, match="phase must be one of before, after"):
        schema.migrations()
