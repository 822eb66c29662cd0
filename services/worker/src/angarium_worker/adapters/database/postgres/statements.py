"""Calls to Postgres that are one statement and one round trip, and commit by themselves."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.engine import Database, postgres_of
from angarium_chassis.database.fresh_plans import FreshPlans

from angarium_worker.adapters.database.storage_errors import storage_errors


class PostgresStatements:
    """Runs single statements on connections of the pool."""

    def __init__(self, database: Database) -> None:
        self.engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """All rows. Raises `StorageDown` and `RecordRefused`."""
        with storage_errors():
            async with self.engine.connect() as connection:
                raw = await postgres_of(connection)
                plans = connection.info.setdefault("plans", FreshPlans())
                await plans.renew(raw)
                return list(await raw.fetch(query, *values))


def columns_of_rows(rows: Sequence[tuple[Any, ...]], count: int) -> Sequence[Sequence[Any]]:
    """Rows of `count` members as so many columns, for `unnest`."""
    return tuple(zip(*rows, strict=True)) if rows else ((),) * count
