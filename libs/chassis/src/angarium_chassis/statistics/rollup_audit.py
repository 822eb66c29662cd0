"""Compares roll-ups with the ledgers that they were counted from, for `angarium verify`.

The rows of one owner (an endpoint, or an application) are counted once more, by the index of the
owner instead of the order of recording, and compared with its roll-ups as of the same moment.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_chassis.database.engine import Database

from .latency_histogram import Histogram
from .resolutions import LENGTH_US, Resolution, start_of
from .roller import CountedLedger
from .rollup_table import Counts, Key

ROWS_PER_PAGE: Final = 20_000
CLOCKS_APART_MS: Final = 86_400_000
"""The id of a ledger's row was made within this time of the row's own time."""


class Owner(NamedTuple):
    """The tenant, application and id of what a roll-up belongs to."""

    tenant_id: bytes
    application_id: bytes
    id: bytes


class Difference(NamedTuple):
    """A roll-up that differs from its ledger: the number of rows on record, and those counted."""

    resolution: Resolution
    starts_at_us: int
    owner: Owner
    event_type: str
    column: str
    on_record: int
    counted: int


@dataclass(frozen=True, slots=True)
class AuditedRollups:
    """A ledger whose roll-ups are compared. An index serves `owner` followed by `id`; `columns`
    are the numbers that this ledger alone is counted into.

    `at`: the column of the rows' times, where an id may be much older than its row; then all rows
    of an owner are looked at. `rows_go`: rows are deleted for reasons other than their age, so that
    only fewer counted than on record is a difference.
    """

    ledger: CountedLedger
    owner: ColumnElement[bytes]
    rollup_owner: ColumnElement[bytes]
    id: ColumnElement[bytes]
    columns: tuple[str, ...]
    at: ColumnElement[int] | None = None
    rows_go: bool = False

    async def owners(
        self, database: Database, since_us: int, until_us: int
    ) -> AsyncIterator[Owner]:
        """All owners that have rows in the ledger, or roll-ups of the time."""
        known: set[bytes] = set()
        row = self.ledger.order.ledger.c
        after = b""
        while True:
            query = select(row.tenant_id, row.application_id, self.owner)
            query = query.where(self.owner > after).order_by(self.owner).limit(1)
            async with database.reading.connect() as connection:
                found = (await connection.execute(query)).one_or_none()
            if found is None:
                break
            after = bytes(found[2])
            known.add(after)
            yield Owner(*map(bytes, found))
        rollup = self.ledger.rollups.table.c
        query = (
            select(rollup.tenant_id, rollup.application_id, self.rollup_owner)
            .where(
                rollup.resolution == int(Resolution.DAY),
                rollup.starts_at >= start_of(since_us, Resolution.DAY),
                rollup.starts_at < until_us,
            )
            .distinct()
        )
        async with database.reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        for each in rows:
            if bytes(each[2]) not in known:
                yield Owner(*map(bytes, each))

    async def differences(
        self, database: Database, owner: Owner, since_us: int, until_us: int
    ) -> list[Difference]:
        """Compare the periods of one owner that lie within the time (multiples of a minute)."""
        async with _one_moment(database) as connection:
            stored = (await connection.execute(self.ledger.order.stored)).one()
            recounted = await self._recount(
                connection, owner, (since_us, until_us), (stored.first, stored.position)
            )
            counted = await self._counted(connection, owner, since_us, until_us)
        found = []
        for key in sorted(recounted.keys() | counted.keys()):
            ours = recounted.get(key) or self.ledger.rollups.counts()
            theirs = counted.get(key) or self.ledger.rollups.counts()
            found.extend(self._compare(key, owner, ours, theirs))
        return found

    def _compare(self, key: Key, owner: Owner, ours: Counts, theirs: Counts) -> list[Difference]:
        rollups = self.ledger.rollups
        numbers = zip(rollups.numbers, ours.numbers, theirs.numbers, strict=True)
        values = [
            (name, *_values_apart(mine, others))
            for name, mine, others in zip(
                rollups.histograms, ours.histograms, theirs.histograms, strict=True
            )
        ]
        return [
            Difference(Resolution(key[0]), key[1], owner, key[-1], name, mine, others)
            for name, mine, others in (*numbers, *values)
            if name in self.columns and (mine > others if self.rows_go else mine != others)
        ]

    async def _recount(
        self,
        connection: AsyncConnection,
        owner: Owner,
        times_us: tuple[int, int],
        positions: tuple[int, int],
    ) -> dict[Key, Counts]:
        (since_us, until_us), (lowest, highest) = times_us, positions
        rollups, order = self.ledger.rollups, self.ledger.order
        total: dict[Key, Counts] = {}
        first = lowest_id_at(since_us // 1_000 - CLOCKS_APART_MS) if self.at is None else b""
        end = lowest_id_at(until_us // 1_000 + CLOCKS_APART_MS)
        while first < end:
            within = (self.owner == owner.id) & (self.id >= first) & (self.id < end)
            page = select(self.id).where(within).order_by(self.id).offset(ROWS_PER_PAGE).limit(1)
            following = (await connection.execute(page)).scalar()
            page_end = end if following is None else bytes(following)
            condition = (
                (self.owner == owner.id)
                & (self.id >= first)
                & (self.id < page_end)
                & order.within(lowest, highest)
            )
            if self.at is not None:
                condition &= (self.at >= since_us) & (self.at < until_us)
            minutes = await self.ledger.count(connection, condition, rollups)
            _add_periods(total, minutes, since_us, until_us, self.ledger)
            first = page_end
        return total

    async def _counted(
        self, connection: AsyncConnection, owner: Owner, since_us: int, until_us: int
    ) -> dict[Key, Counts]:
        rollups = self.ledger.rollups
        row = rollups.table.c
        query = select(rollups.table).where(
            row.application_id == owner.application_id,
            self.rollup_owner == owner.id,
            row.starts_at >= since_us,
            row.starts_at < until_us,
            row.resolution.in_([int(each) for each in Resolution]),
        )
        return {
            tuple(getattr(each, name) for name in rollups.keys): rollups.counts_of(each)
            for each in (await connection.execute(query)).all()
            if each.starts_at + LENGTH_US[Resolution(each.resolution)] <= until_us
        }


def _add_periods(
    total: dict[Key, Counts],
    minutes: Mapping[Key, Counts],
    since_us: int,
    until_us: int,
    ledger: CountedLedger,
) -> None:
    for (at_us, *rest), counts in minutes.items():
        for resolution in Resolution:
            starts_us = start_of(at_us, resolution)
            if since_us <= starts_us and starts_us + LENGTH_US[resolution] <= until_us:
                key = (int(resolution), starts_us, *rest)
                total.setdefault(key, ledger.rollups.counts()).add(counts)


def _values_apart(mine: Histogram, others: Histogram) -> tuple[int, int]:
    """The numbers of values of two histograms, without those that are in both."""
    both = (mine & others).total()
    return mine.total() - both, others.total() - both


@asynccontextmanager
async def _one_moment(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction that reads one moment of the database."""
    engine: Any = database.reading
    if database.on_postgres:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    async with engine.connect() as connection:
        yield connection
