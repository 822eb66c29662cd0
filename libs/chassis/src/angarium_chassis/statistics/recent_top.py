"""The keys of roll-ups with the highest counts of late, for metrics that name only a few."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, func, select

from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database

from .resolutions import LENGTH_US, Resolution, start_of

MINUTES: Final = 5
"""Counted minutes: the last ones that are over."""


async def recent_top(
    database: Database, table: Table, keys: Sequence[str], number: str, n: int
) -> list[tuple[Any, ...]]:
    """The `n` keys with the highest sums of `number`, above 0, each followed by its sum. Raises
    SQLAlchemy's errors."""
    row = table.c
    total = func.sum(row[number])
    columns = [row[key] for key in keys]
    async with database.reading.connect() as connection:
        clock = select(clock_us(on_postgres=database.on_postgres))
        now_us = int(await connection.scalar(clock) or 0)
        end_us = start_of(now_us, Resolution.MINUTE)
        query = (
            select(*columns, total)
            .where(
                row.resolution == int(Resolution.MINUTE),
                row.starts_at >= end_us - MINUTES * LENGTH_US[Resolution.MINUTE],
                row.starts_at < end_us,
                row[number] > 0,
            )
            .group_by(*columns)
            .order_by(total.desc(), *columns)
            .limit(n)
        )
        return [tuple(found) for found in (await connection.execute(query)).all()]
