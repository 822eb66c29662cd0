"""Rotation of the encryption key in one service's database, while the service runs."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import DBAPIError

from angarium_chassis.sealing import Seal, SealBroken, may_be_sealed

from .engine import Database
from .identity import read_record, record_current_key_only
from .schema import Schema
from .sealed_columns import Change, SealedTable, sealed_tables

ROWS_PER_BATCH: Final = 200
PASSES_MAX: Final = 10
UNREADABLE: Final = "unreadable"
"""Stands for the key id of sealed values that none of the keys opens."""


@dataclass(slots=True)
class Progress:
    """The progress of one pass over one table.

    `rows` were read, of the `rows_total` at its begin; None: too many to count. Of their values,
    `found` were sealed with another key than the current one, and `resealed` are sealed with that
    now.
    """

    service: str
    table: str
    rows_total: int | None
    rows: int = 0
    found: int = 0
    resealed: int = 0


class _Swap(NamedTuple):
    """A column's value in one row, by its key, and what takes its place."""

    column: str
    key: bytes
    before: bytes
    after: bytes


type ShowProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """The outcome of a rotation in one database.

    `left` counts the values that are still sealed with another key, by its id, or that no key
    opens. `complete`: the database is recorded to need the current key only.
    """

    resealed: int
    left: Mapping[str, int]
    complete: bool


class Resealing:
    """Seals every sealed value of a database again, with the current key of `seal`.

    Each batch is a transaction of its own, and a row that changed since it was read is left for
    the next pass: what the service writes wins. Stopped at any moment, a further run goes on,
    because it skips what is sealed with the current key. Raises SQLAlchemy's errors.
    """

    def __init__(
        self,
        schema: Schema,
        database: Database,
        seal: Seal,
        *,
        show: ShowProgress = lambda _: None,
        rows_per_batch: int = ROWS_PER_BATCH,
    ) -> None:
        self._schema = schema
        self._database = database
        self._seal = seal
        self._show = show
        self._rows_per_batch = rows_per_batch
        self._tables = sealed_tables(schema.tables)

    async def key_ids(self) -> Counter[str]:
        """The number of sealed values by the id of the key that they need, or `UNREADABLE`."""
        found: Counter[str] = Counter()
        for table in self._tables:
            async for rows in self._pages(table):
                values = [value for row in rows for value in table.values_in(row)]
                found.update(self._key_id_of(*value) for value in values)
        return found

    async def run(self) -> Rotated:
        """Seal values again until a pass finds none under another key, then record that the
        database needs no other key."""
        async with self._database.reading.connect() as connection:
            before = await connection.run_sync(read_record)
        resealed, left, found = 0, Counter[str](), 0
        for _ in range(PASSES_MAX):
            left.clear()
            passes = [await self._pass(table, left) for table in self._tables]
            found = sum(each.found for each in passes)
            resealed += sum(each.resealed for each in passes)
            if not found:
                break
        if found or set(left) - {UNREADABLE}:
            return Rotated(resealed, left, complete=False)
        async with self._database.engine.begin() as connection:
            complete = await connection.run_sync(record_current_key_only, self._seal, before)
        return Rotated(resealed, left, complete)

    async def _pass(self, table: SealedTable, left: Counter[str]) -> Progress:
        """Seal the values of one table again, and count in `left` those that cannot be opened."""
        progress = Progress(self._schema.service, table.name, await self._rows_total(table))
        self._show(progress)
        async for rows in self._pages(table):
            swaps = [swap for row in rows for swap in self._swaps(table, row, left)]
            if swaps:
                progress.found += len(swaps)
                progress.resealed += await self._write(table, swaps)
            progress.rows += len(rows)
            self._show(progress)
        return progress

    async def _rows_total(self, table: SealedTable) -> int | None:
        try:
            async with self._database.reading.connect() as connection:
                total = await connection.scalar(select(func.count()).select_from(table.table))
        except DBAPIError:
            return None  # Counting a huge table takes longer than a statement may.
        return int(total or 0)

    async def _pages(self, table: SealedTable) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        columns = [table.key, *(table.table.c[name] for name in table.packings)]
        query = select(*columns).order_by(table.key).limit(self._rows_per_batch)
        past: bytes | None = None
        while True:
            page = query if past is None else query.where(table.key > past)
            async with self._database.reading.connect() as connection:
                rows = (await connection.execute(page)).mappings().all()
            if rows:
                yield [dict(row) for row in rows]
            if len(rows) < self._rows_per_batch:
                return
            past = bytes(rows[-1][table.key.name])

    def _swaps(
        self, table: SealedTable, row: Mapping[str, Any], left: Counter[str]
    ) -> Iterator[_Swap]:
        key = bytes(row[table.key.name])
        for name, packing in table.packings.items():
            if row[name]:
                before = bytes(row[name])
                after = packing(before, self._resealed_for(key, left))
                if after != before:
                    yield _Swap(name, key, before, after)

    def _resealed_for(self, associated: bytes, left: Counter[str]) -> Change:
        def change(value: bytes) -> bytes:
            if not may_be_sealed(value):
                return value
            try:
                return self._seal.resealed(value, associated)
            except SealBroken:
                key_id = self._key_id_of(value, associated)
                left[UNREADABLE if key_id in self._seal.key_ids else key_id] += 1
                return value

        return change

    async def _write(self, table: SealedTable, swaps: Sequence[_Swap]) -> int:
        """Write to the rows that nobody else is changing. Returns the number of values."""
        lock, keys = self._schema.locked_by_changes, {swap.key for swap in swaps}
        async with self._database.engine.begin() as connection:
            if lock is not None:
                await connection.execute(select(lock).with_for_update())
            # Waiting for a row while others are locked could end in a deadlock with the service.
            free = select(table.key).where(table.key.in_(keys)).with_for_update(skip_locked=True)
            locked = {bytes(key) for key in await connection.scalars(free)}
            for name in table.packings:
                chosen = [each for each in swaps if each.column == name and each.key in locked]
                if chosen:
                    column = table.table.c[name]
                    statement = (
                        update(table.table)
                        .where(table.key == bindparam("row_key"), column == bindparam("before"))
                        .values({name: bindparam("after")})
                    )
                    values = [
                        {"row_key": each.key, "before": each.before, "after": each.after}
                        for each in chosen
                    ]
                    await connection.execute(statement, values)
        return sum(each.key in locked for each in swaps)

    def _key_id_of(self, value: bytes, associated: bytes) -> str:
        try:
            return self._seal.key_id_of(value, associated)
        except SealBroken:
            return UNREADABLE
