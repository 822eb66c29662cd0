"""Figures of the pending deliveries for the metrics, as one worker at a time reports them."""

from collections.abc import Sequence
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.metrics.catalog import Catalog
from prometheus_client.core import Metric
from sqlalchemy import func, select

from angarium_worker.adapters.database.tables import endpoint_health, lane, pending_delivery

from .deliveries import COUNTED_MAX, read_pending

SUBJECT: Final = "worker"
EVERY_S: Final = 30.0
OVERDUE_S: Final = 60.0

BACKLOG: Final = Catalog("Worker: pending deliveries, which all replicas share")
_PENDING: Final = BACKLOG.read_gauge(
    "angarium_deliveries_pending",
    "Deliveries that wait in the database: for a retry, or for their endpoint.",
    platform_wide=True,
)
_PARKED: Final = BACKLOG.read_gauge(
    "angarium_deliveries_parked",
    f"Deliveries that wait for their endpoint, in its lane; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_DUE: Final = BACKLOG.read_gauge(
    "angarium_retries_due",
    f"Retries whose time has come; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_OVERDUE: Final = BACKLOG.read_gauge(
    "angarium_retries_overdue",
    f"Retries that have been due for more than {OVERDUE_S:g} s; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_OLDEST: Final = BACKLOG.read_gauge(
    "angarium_retries_overdue_seconds",
    "How long the oldest retry has been due; 0 if none is.",
    platform_wide=True,
)
_LANES: Final = BACKLOG.read_gauge(
    "angarium_lanes", f"Endpoints with a lane; counted up to {COUNTED_MAX}.", platform_wide=True
)
_LANES_OVERDUE: Final = BACKLOG.read_gauge(
    "angarium_lanes_overdue",
    f"Lanes whose turn has been due for more than {OVERDUE_S:g} s; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_FAILING: Final = BACKLOG.read_gauge(
    "angarium_endpoints_failing",
    f"Endpoints that have failed and not succeeded since; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)


class BacklogFigures:
    """Reads the figures. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> Sequence[Metric]:
        """All figures, as of now."""
        due = await read_pending(self._database, older_than_s=0)
        overdue = await read_pending(self._database, older_than_s=OVERDUE_S)
        row = pending_delivery.c
        in_lanes = select(row.endpoint_id).where(row.lane.is_not(None))
        async with self._database.reading.connect() as connection:
            pending = await connection.scalar(select(func.count()).select_from(pending_delivery))
            parked, lanes, failing = [
                await connection.scalar(
                    select(func.count()).select_from(rows.limit(COUNTED_MAX).subquery())
                )
                for rows in (
                    in_lanes,
                    select(lane.c.endpoint_id),
                    select(endpoint_health.c.endpoint_id),
                )
            ]
        return [
            _PENDING.value(int(pending or 0)),
            _PARKED.value(int(parked or 0)),
            _DUE.value(due.retries.count),
            _OVERDUE.value(overdue.retries.count),
            _OLDEST.value(due.retries.longest_s),
            _LANES.value(int(lanes or 0)),
            _LANES_OVERDUE.value(overdue.lanes.count),
            _FAILING.value(int(failing or 0)),
        ]
