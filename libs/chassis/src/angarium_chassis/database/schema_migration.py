"""Runs Alembic on an open connection."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, text

from .identity import complete_version_table


class NewerSchema(Exception):
    """The database has a revision that this version does not know."""


def migrate(connection: Connection, folder: str, tables: MetaData, revision: str) -> None:
    """Bring the database to `revision`, up or down ("base", "-1"). Raises `NewerSchema`.

    Beside the version, the database stores `works_from`: the oldest version whose code works on
    this schema and so may still start during a rolling upgrade. A migration that earlier code
    tolerates sets a variable of this name; without it, its own version is required.
    """
    config = Config()
    config.set_main_option("script_location", folder)
    config.attributes["connection"] = connection
    config.attributes["tables"] = tables
    run = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    try:
        run(config, revision)
    except CommandError as error:
        raise NewerSchema from error
    _note_works_from(connection, ScriptDirectory.from_config(config))


def _note_works_from(connection: Connection, scripts: ScriptDirectory) -> None:
    current = connection.scalar(text("select version_num from alembic_version"))
    if current is None:
        return
    complete_version_table(connection)
    applied = [script for script in scripts.walk_revisions() if script.revision <= current]
    oldest = max(getattr(script.module, "works_from", script.revision) for script in applied)
    connection.execute(text("update alembic_version set works_from = :oldest"), {"oldest": oldest})
