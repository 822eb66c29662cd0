"""Figures of the slices of a long run, and a judgement of how flat they stay."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec
from rich.table import Table

_END_SHARE = 4
"""The first and the last quarter of the slices are compared, by their medians."""


class TableSize(msgspec.Struct):
    """A table with all its partitions."""

    mb: float
    index_mb: float
    rows: int
    dead_rows: int
    partitions: int


class Slice(msgspec.Struct):
    """A part of the long run; `messages` counts all up to its end.

    `lag_s` is from the last acceptance at full rate until all were delivered, `p99_ms` from post
    to delivery at a steady rate. `wal_bytes` and `page_images` are those of a message.
    """

    messages: int
    ahead_h: float
    accepted_per_s: float
    lost: int
    duplicates: int
    lag_s: float
    accept_p99_ms: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    memory_mb: dict[str, float]
    redis_mb: float
    wal_bytes: float
    page_images: float
    tables: dict[str, TableSize]

    def figures(self) -> dict[str, float]:
        """Those that have to stay flat."""
        return {
            **{f"{name} MB": held for name, held in self.memory_mb.items()},
            "Redis: used MB": self.redis_mb,
            "lag s": self.lag_s,
            "p99 ms": self.p99_ms,
            "CPU ms a message": self.cpu_ms,
            **{f"table {name} MB": table.mb for name, table in self.tables.items()},
            **{f"table {name} dead rows": table.dead_rows for name, table in self.tables.items()},
        }


class SliceFile:
    """The slices of a long run as JSON lines, which a later run adds to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Slice]:
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Slice) for line in lines if line]

    def add(self, slice_: Slice) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(slice_) + b"\n")


def growth(slices: Sequence[Slice]) -> dict[str, tuple[float, float]]:
    """Each figure in the first and in the last quarter of the slices (medians)."""
    some = max(1, len(slices) // _END_SHARE)
    firsts = [each.figures() for each in slices[:some]]
    lasts = [each.figures() for each in slices[-some:]]
    names = [name for name in lasts[-1] if any(name in each for each in firsts)]
    return {
        name: (
            median(each[name] for each in firsts if name in each),
            median(each[name] for each in lasts if name in each),
        )
        for name in names
    }


def slices_table(slices: Sequence[Slice]) -> Table:
    """A row for each slice."""
    ours = ("gateway", "dispatcher", "worker", "postgres", "valkey")
    tables = ("message", "attempt", "batch", "pending_delivery")
    table = Table(
        "messages",
        "/s",
        "lag s",
        "p99 ms",
        "CPU ms",
        *(f"{name} MB" for name in ours),
        *(f"{name} MB (dead)" for name in tables),
    )
    for each in slices:
        sizes = [each.tables.get(name) for name in tables]
        table.add_row(
            f"{each.messages:,}",
            f"{each.accepted_per_s:,.0f}",
            f"{each.lag_s:.1f}",
            f"{each.p99_ms:.1f}",
            f"{each.cpu_ms:.3f}",
            *(f"{each.memory_mb.get(name, 0.0):.0f}" for name in ours),
            *("–" if size is None else f"{size.mb:,.0f} ({size.dead_rows:,})" for size in sizes),
        )
    return table


def growth_table(slices: Sequence[Slice]) -> Table:
    """Each figure at the beginning and at the end."""
    table = Table("median of a quarter of the slices", "first", "last", "ratio")
    for name, (first, last) in growth(slices).items():
        ratio = f"{last / first:.2f}" if first else "–"
        table.add_row(name, f"{first:,.1f}", f"{last:,.1f}", ratio)
    return table
