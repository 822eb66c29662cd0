"""Single statements on Postgres with the errors of the ledger's ports."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_chassis.database.single_statements import PooledStatements

from angarium_worker.adapters.database.storage_errors import storage_errors


class PostgresStatements:
    """Runs single statements on connections of the pool."""

    def __init__(self, database: Database) -> None:
        self._statements = PooledStatements(database.engine)

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """Run `query` and return its rows. Raises `StorageDown` and `RecordRefused`."""
        with storage_errors():
            return await self._statements.fetch(query, *values)


def columns_of_rows(rows: Sequence[tuple[Any, ...]], count: int) -> Sequence[Sequence[Any]]:
    """Transpose rows of `count` members into columns, for `unnest`."""
    return tuple(zip(*rows, strict=True)) if rows else ((),) * count
