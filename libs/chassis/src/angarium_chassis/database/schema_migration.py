"""Running Alembic on an open connection."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData


class NewerSchema(Exception):
    """The database has a revision that this version does not know."""


def migrate(connection: Connection, folder: str, tables: MetaData, revision: str) -> None:
    """Bring the database to `revision`, up or down ("base", "-1"). Raises `NewerSchema`."""
    config = Config()
    config.set_main_option("script_location", folder)
    config.attributes["connection"] = connection
    config.attributes["tables"] = tables
    run = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    try:
        run(config, revision)
    except CommandError as error:
        raise NewerSchema from error
