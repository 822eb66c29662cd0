"""Facts about the gateway for `angarium doctor` and `angarium verify`. Reads only."""

from angarium_chassis.database.engine import Database
from sqlalchemy import select

from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tables import directory_copy

__all__ = ["SCHEMA", "directory_version"]


async def directory_version(database: Database) -> int:
    """The version of the gateway's directory copy, 0 if it is empty. Raises SQLAlchemy's errors."""
    query = select(directory_copy.c.version).where(directory_copy.c.id == 1)
    async with database.reading.connect() as connection:
        return int(await connection.scalar(query) or 0)
