"""Figures of the journal for the metrics, as one gateway at a time reports them."""

from collections.abc import Sequence
from typing import Final

from angarium_chassis.database.engine import Database
from angarium_chassis.metrics.catalog import Catalog
from prometheus_client.core import Metric
from sqlalchemy import func, select

from angarium_gateway.adapters.database.tables import background_task, scheduled_message
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


class JournalFigures:
    """Reads the figures. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> Sequence[Metric]:
        """All figures, as of now."""
        state = await read_journal(self._database, older_than_s=0)
        some = select(scheduled_message.c.deliver_at).limit(COUNTED_MAX).subquery()
        statuses = select(background_task.c.status, func.count()).group_by(background_task.c.status)
        async with self._database.reading.connect() as connection:
            scheduled = await connection.scalar(select(func.count()).select_from(some))
            tasks = {row.status: row[1] for row in (await connection.execute(statuses)).all()}
        return [
            _OPEN.value(state.open),
            _OLDEST.value(state.oldest_s),
            _SET_ASIDE.value(state.set_aside),
            _SCHEDULED.value(int(scheduled or 0)),
            _LATE.value(state.late_s or 0),
            _TASKS.values({status.value: tasks.get(status.value, 0) for status in TaskStatus}),
        ]
