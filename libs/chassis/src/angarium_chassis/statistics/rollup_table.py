"""Tables of roll-ups: a row for each period and key, to which counts and histograms are added."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any, Final

from sqlalchemy import Table, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn

from .latency_histogram import Histogram, pack, unpack
from .resolutions import Resolution, start_of

KEYS_PER_STATEMENT: Final = 100

type Key = tuple[Any, ...]
"""Beginning of the period, and the rest of the key's columns."""


class Counts:
    """Counts and histograms of one key, by their columns' positions."""

    __slots__ = ("histograms", "numbers")

    def __init__(self, numbers: int, histograms: int) -> None:
        self.numbers = [0] * numbers
        self.histograms: list[Histogram] = [Counter() for _ in range(histograms)]

    def add(self, other: "Counts") -> None:
        """Add all of another."""
        for at, number in enumerate(other.numbers):
            self.numbers[at] += number
        for mine, others in zip(self.histograms, other.histograms, strict=True):
            mine.update(others)


class RollupTable:
    """A table whose key begins with `resolution` and `starts_at`, followed by `keys`; then come
    the columns `numbers` and `histograms`."""

    def __init__(
        self,
        table: Table,
        *,
        keys: Sequence[str],
        numbers: Sequence[str],
        histograms: Sequence[str] = (),
    ) -> None:
        self.table = table
        self.keys = ("resolution", "starts_at", *keys)
        self.numbers = tuple(numbers)
        self.histograms = tuple(histograms)
        self._key = tuple_(*(table.c[name] for name in self.keys))
        self._columns = [table.c[name] for name in (*self.keys, *numbers, *histograms)]

    def counts(self) -> Counts:
        """Counts of this table, all 0."""
        return Counts(len(self.numbers), len(self.histograms))

    def counts_of(self, row: Any) -> Counts:
        """The counts of a row of the table."""
        found = self.counts()
        found.numbers = [getattr(row, name) for name in self.numbers]
        found.histograms = [unpack(getattr(row, name)) for name in self.histograms]
        return found

    async def add(self, connection: AsyncConnection, minutes: Mapping[Key, Counts]) -> None:
        """Add counts per minute to the rows of their minutes, hours and days.

        The caller holds the position of the ledger that they come from; rows of a table that more
        than one ledger adds to are locked in the order of their keys.
        """
        delta = self._of_all_resolutions(minutes)
        for keys in batched(sorted(delta), KEYS_PER_STATEMENT):
            for row in await self._rows(connection, keys):
                delta[tuple(getattr(row, name) for name in self.keys)].add(self.counts_of(row))
        if delta:
            insert = postgresql.insert if _is_postgres(connection) else sqlite.insert
            statement = insert(self.table)
            replaced = {
                name: statement.excluded[name] for name in (*self.numbers, *self.histograms)
            }
            await connection.execute(
                statement.on_conflict_do_update(index_elements=self.keys, set_=replaced),
                [self._values(key, delta[key]) for key in sorted(delta)],
            )

    async def _rows(self, connection: AsyncConnection, keys: Sequence[Key]) -> Sequence[Any]:
        query = select(*self._columns).where(self._key.in_(keys))
        return (await connection.execute(query)).all()

    def _of_all_resolutions(self, minutes: Mapping[Key, Counts]) -> dict[Key, Counts]:
        delta: dict[Key, Counts] = {}
        for (at_us, *rest), counts in minutes.items():
            for resolution in Resolution:
                key = (int(resolution), start_of(at_us, resolution), *rest)
                delta.setdefault(key, self.counts()).add(counts)
        return delta

    def _values(self, key: Key, counts: Counts) -> dict[str, Any]:
        return (
            dict(zip(self.keys, key, strict=True))
            | dict(zip(self.numbers, counts.numbers, strict=True))
            | dict(zip(self.histograms, map(pack, counts.histograms), strict=True))
        )


def _is_postgres(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "postgresql"


class RollupRetention:
    """Retention task of a roll-up table: minutes, hours and days are kept for as many days each."""

    def __init__(self, table: Table, days: Mapping[Resolution, int]) -> None:
        self._table = table
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        row = self._table.c
        for resolution, days in self._days.items():
            before_us = (turn.now_ms - days * DAY_MS) * 1_000
            await delete_rows(
                turn,
                self._table,
                row.resolution == int(resolution),
                row.starts_at < before_us,
                order=row.starts_at,
            )
