"""Columns whose values are sealed, marked where their table is declared.

`Column("sealed_headers", LargeBinary, info=sealed())` is enough for a rotation of the encryption
key to find them. The associated data of their values is the primary key of the row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy import Column, Connection, MetaData, Table, inspect, select

from angarium_chassis.sealing import may_be_sealed

type Change = Callable[[bytes], bytes]
"""Gives another value for a sealed one, or the same object to leave it."""
type Packing = Callable[[bytes, Change], bytes]
"""Changes every sealed value in a stored one, as it is packed in its column."""

_MARK: Final = "sealed"


def alone(stored: bytes, change: Change) -> bytes:
    """The packing of a column that holds one sealed value."""
    return change(stored)


def sealed(packing: Packing = alone) -> dict[str, Any]:
    """The `info` of a sealed column."""
    return {_MARK: packing}


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns: its primary key, and the packing of each by name."""

    table: Table
    key: Column[bytes]
    packings: Mapping[str, Packing]

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    def with_columns(self, names: Iterable[str]) -> "SealedTable":
        """The table with those of its sealed columns that are among these."""
        present = set(names)
        packings = {name: each for name, each in self.packings.items() if name in present}
        return replace(self, packings=packings)

    def values_in(self, row: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
        """The sealed values of a row, each with its associated data."""
        associated = bytes(row[self.key.name])
        for name, packing in self.packings.items():
            if row[name]:
                found: list[bytes] = []
                packing(bytes(row[name]), _collector(found))
                yield from ((each, associated) for each in found if may_be_sealed(each))


def sealed_tables(tables: MetaData) -> list[SealedTable]:
    """The tables that have sealed columns. Raises ValueError for one without a primary key of one
    column."""
    found = []
    for table in tables.sorted_tables:
        packings = {
            each.name: cast("Packing", each.info[_MARK])
            for each in table.columns
            if _MARK in each.info
        }
        if packings:
            try:
                (key,) = table.primary_key.columns
            except ValueError:
                raise ValueError(f"the key of {table.name} must be one column") from None
            found.append(SealedTable(table, key, packings))
    return found


def some_sealed(
    connection: Connection, tables: MetaData, at_most: int
) -> Iterator[tuple[bytes, bytes]]:
    """Up to so many sealed values of each table, each with its associated data. The schema may be
    an earlier one, which does not have all columns yet."""
    inspector = inspect(connection)
    for declared in sealed_tables(tables):
        if not inspector.has_table(declared.name):
            continue
        each = declared.with_columns(
            column["name"] for column in inspector.get_columns(declared.name)
        )
        columns = [each.key, *(each.table.c[name] for name in each.packings)]
        rows = connection.execute(select(*columns).limit(at_most)).mappings()
        values = (value for row in rows for value in each.values_in(dict(row)))
        yield from islice(values, at_most)


def _collector(found: list[bytes]) -> Change:
    def collect(value: bytes) -> bytes:
        found.append(value)
        return value

    return collect
