"""The lanes on Postgres: one statement and one round trip for each call."""

from collections.abc import Sequence
from functools import partial

from angarium_chassis.database.engine import Database
from angarium_chassis.database.named_statement import named_statement

from angarium_worker.adapters.database.delivery_rows import delivery_of
from angarium_worker.application.lanes.lane_store import HeldLane, LaneRelease, LaneTake
from angarium_worker.domain.delivery import Delivery

from .statements import PostgresStatements, columns_of_rows

_sql = partial(named_statement, __package__)
_LEASE = _sql("lease_lanes")
_TAKE = _sql("take_from_lanes")
_RELEASE = _sql("release_lanes")
_WAKE = _sql("wake_lanes")
_MEND = _sql("mend_lanes")
_NEXT = _sql("next_lane")


class PostgresLanes:
    """Implements `Lanes`."""

    def __init__(self, database: Database) -> None:
        self._statements = PostgresStatements(database)

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        """See `Lanes`."""
        rows = await self._statements.fetch(_LEASE, lanes_max, int(lease_s * 1_000_000))
        return [HeldLane(*row) for row in rows]

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[Delivery]:
        """See `Lanes`."""
        if not takes:
            return []
        columns = columns_of_rows(takes, len(LaneTake._fields))
        rows = await self._statements.fetch(_TAKE, *columns, bytes_max, int(lease_s * 1_000_000))
        return [delivery_of(row) for row in rows]

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        """See `Lanes`."""
        if releases:
            columns = columns_of_rows(releases, len(LaneRelease._fields))
            await self._statements.fetch(_RELEASE, *columns)

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        """See `Lanes`."""
        if endpoint_ids:
            await self._statements.fetch(_WAKE, endpoint_ids)

    async def mend_lanes(self) -> int:
        """See `Lanes`."""
        return len(await self._statements.fetch(_MEND))

    async def next_lane_in_s(self) -> float | None:
        """See `Lanes`. A lane that is held counts with the end of its lease."""
        (row,) = await self._statements.fetch(_NEXT)
        return None if row[0] is None else row[0] / 1_000_000
