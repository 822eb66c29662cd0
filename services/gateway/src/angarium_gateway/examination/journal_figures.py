"""Figures of the journal for the metrics, as one gateway at a time reports them."""

from collections.abc import Sequence
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.metrics.catalog import Catalog
from angarium_chassis.statistics.recent_top import MINUTES, recent_top
from angarium_contracts.ids import TENANT, format_id
from prometheus_client.core import Metric
from sqlalchemy import func, select

from angarium_gateway.adapters.database.tables import (
    background_task,
    message_rollup,
    scheduled_message,
)
from angarium_gateway.domain.background_tasks import TaskStatus

from .journal_state import COUNTED_MAX, read_journal

SUBJECT: Final = "gateway"
EVERY_S: Final = 30.0

JOURNAL: Final = Catalog("Gateway: the journal, which all replicas share")
_OPEN: Final = JOURNAL.read_gauge(
    "angarium_journal_open_batches",
    f"Batches that are not settled, published or not; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_OLDEST: Final = JOURNAL.read_gauge(
    "angarium_journal_oldest_open_batch_age_seconds",
    "Age of the oldest batch that is not settled; 0 without any.",
    platform_wide=True,
)
_SET_ASIDE: Final = JOURNAL.read_gauge(
    "angarium_journal_batches_set_aside",
    "Batches that were lost again and again, and wait for the operator.",
    platform_wide=True,
)
_SCHEDULED: Final = JOURNAL.read_gauge(
    "angarium_scheduled_messages",
    f"Messages that wait for their `deliverAt`; counted up to {COUNTED_MAX}.",
    platform_wide=True,
)
_LATE: Final = JOURNAL.read_gauge(
    "angarium_scheduled_messages_late_seconds",
    "How long the first scheduled message has been overdue; 0 if none is.",
    platform_wide=True,
)
_TASKS: Final = JOURNAL.read_gauge(
    "angarium_background_tasks", "Background tasks, by status.", "status", platform_wide=True
)

_TOP_TENANTS: Final = JOURNAL.read_gauge(
    "angarium_top_tenant_messages",
    f"Messages accepted in the last {MINUTES} minutes that are over, of the tenants with the most;"
    " only with ANGARIUM_METRICS_TOP_N.",
    "tenant_id",
    platform_wide=True,
)


class JournalFigures:
    """Reads the figures, those of single tenants for the `top_n` first. Raises SQLAlchemy's
    errors."""

    def __init__(self, database: Database, *, top_n: int = 0) -> None:
        self._database = database
        self._top_n = top_n

    async def read(self) -> Sequence[Metric]:
        """All figures, as of now."""
        state = await read_journal(self._database, older_than_s=0)
        some = select(scheduled_message.c.deliver_at).limit(COUNTED_MAX).subquery()
        statuses = select(background_task.c.status, func.count()).group_by(background_task.c.status)
        async with self._database.reading.connect() as connection:
            scheduled = await connection.scalar(select(func.count()).select_from(some))
            tasks = {row.status: row[1] for row in (await connection.execute(statuses)).all()}
        return [
            *await self._top(),
            _OPEN.value(state.open),
            _OLDEST.value(state.oldest_s),
            _SET_ASIDE.value(state.set_aside),
            _SCHEDULED.value(int(scheduled or 0)),
            _LATE.value(state.late_s or 0),
            _TASKS.values({status.value: tasks.get(status.value, 0) for status in TaskStatus}),
        ]

    async def _top(self) -> list[Metric]:
        if not self._top_n:
            return []
        top = await recent_top(
            self._database, message_rollup, ["tenant_id"], "accepted", self._top_n
        )
        return [_TOP_TENANTS.values({format_id(TENANT, key): int(sum_) for key, sum_ in top})]
