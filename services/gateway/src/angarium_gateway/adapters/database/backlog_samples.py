"""The backlog of the platform by time: the largest that was seen in each period."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.resolutions import Resolution, start_of
from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite

from angarium_gateway.application.platform.backlog_series import BacklogPoint
from angarium_gateway.application.platform.platform_state import Backlog

from .failures import journal_failures
from .tables import backlog_sample

POINTS_MAX: Final = 1_500
_row = backlog_sample.c
_KEY: Final = ("resolution", "starts_at")
_NUMBERS: Final = ("open_batches", "oldest_open_ms")


class BacklogSamples:
    """Implements `BacklogSeries`. Gateways that sample the same minute keep the larger numbers."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._insert = postgresql.insert if database.on_postgres else sqlite.insert

    async def add(self, backlog: Backlog, at: datetime) -> None:
        """See the port."""
        statement = self._insert(backlog_sample)
        new = statement.excluded
        larger = {
            name: case((new[name] > _row[name], new[name]), else_=_row[name]) for name in _NUMBERS
        }
        at_us = to_micros(at)
        numbers = {
            "open_batches": backlog.open_batches,
            "oldest_open_ms": round((backlog.oldest_open_s or 0.0) * 1_000),
        }
        rows = [
            {"resolution": int(each), "starts_at": start_of(at_us, each), **numbers}
            for each in Resolution
        ]
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=_KEY, set_=larger), rows
                )

    async def since(self, resolution: Resolution, since: datetime) -> Sequence[BacklogPoint]:
        """See the port."""
        query = (
            select(backlog_sample)
            .where(_row.resolution == int(resolution), _row.starts_at >= to_micros(since))
            .order_by(_row.starts_at.desc())
            .limit(POINTS_MAX)
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [
            BacklogPoint(from_micros(row.starts_at), row.open_batches, row.oldest_open_ms / 1_000)
            for row in reversed(rows)
        ]
