"""Figures of the pending deliveries for the metrics, as one worker at a time reports them."""

from collections.abc import Sequence
from typing import Any, Final

from angarium_chassis.database.engine import Database
from angarium_chassis.metrics.catalog import Catalog, LabelValues
from angarium_chassis.statistics.recent_top import MINUTES, recent_top
from angarium_contracts.ids import ENDPOINT, TENANT, format_id
from prometheus_client.core import Metric
from sqlalchemy import func, select

from angarium_worker.adapters.database.tables import (
    delivery_rollup,
    endpoint_health,
    lane,
    pending_delivery,
)

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
_TOP_TENANTS: Final = BACKLOG.read_gauge(
    "angarium_top_tenant_attempts",
    f"Attempts of the last {MINUTES} minutes that are over, of the tenants with the most, by"
    " outcome; only with ANGARIUM_METRICS_TOP_N.",
    "tenant_id",
    "outcome",
    platform_wide=True,
)
_TOP_ENDPOINTS: Final = BACKLOG.read_gauge(
    "angarium_top_endpoint_failures",
    f"Failed attempts of the last {MINUTES} minutes that are over, of the endpoints with the most;"
    " only with ANGARIUM_METRICS_TOP_N.",
    "tenant_id",
    "endpoint_id",
    platform_wide=True,
)


class BacklogFigures:
    """Reads the figures, those of single tenants and endpoints for the `top_n` first. Raises
    SQLAlchemy's errors."""

    def __init__(self, database: Database, *, top_n: int = 0) -> None:
        self._database = database
        self._top_n = top_n

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
            *await self._top(),
            _PENDING.value(int(pending or 0)),
            _PARKED.value(int(parked or 0)),
            _DUE.value(due.retries.count),
            _OVERDUE.value(overdue.retries.count),
            _OLDEST.value(due.retries.longest_s),
            _LANES.value(int(lanes or 0)),
            _LANES_OVERDUE.value(overdue.lanes.count),
            _FAILING.value(int(failing or 0)),
        ]

    async def _top(self) -> list[Metric]:
        if not self._top_n:
            return []
        tenants: dict[LabelValues, float] = {}
        for outcome in ("delivered", "failed"):
            for key, attempts in await self._of(["tenant_id"], outcome):
                tenants[format_id(TENANT, key), outcome] = int(attempts)
        endpoints: dict[LabelValues, float] = {
            (format_id(TENANT, tenant), format_id(ENDPOINT, endpoint)): int(attempts)
            for tenant, endpoint, attempts in await self._of(["tenant_id", "endpoint_id"], "failed")
        }
        return [_TOP_TENANTS.values(tenants), _TOP_ENDPOINTS.values(endpoints)]

    async def _of(self, keys: Sequence[str], number: str) -> list[tuple[Any, ...]]:
        return await recent_top(self._database, delivery_rollup, keys, number, self._top_n)
