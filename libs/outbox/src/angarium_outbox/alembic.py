"""The outbox's tables in an Alembic revision of the producer.

from alembic import op
from angarium_outbox.alembic import create_tables, drop_tables


def upgrade() -> None:
    create_tables(op)


def downgrade() -> None:
    drop_tables(op)
"""

from typing import Any

from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from angarium_outbox.tables import (
    DROP_NOTIFY_FUNCTION,
    NOTIFY_FUNCTION,
    NOTIFY_TRIGGER,
    lease,
    outbox,
)


def create_tables(op: Any, *, notify: bool = True) -> None:
    """Create the tables with `op`, Alembic's operations; also in offline mode (`--sql`).

    On Postgres, `notify` also creates the trigger that wakes relays. Without it they poll.
    """
    for table in (outbox, lease):
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            op.execute(CreateIndex(index))
    if notify and op.get_context().dialect.name == "postgresql":
        op.execute(NOTIFY_FUNCTION)
        op.execute(NOTIFY_TRIGGER)


def drop_tables(op: Any) -> None:
    """Drop the tables, and with them all events that are not accepted yet."""
    for table in (lease, outbox):
        op.execute(DropTable(table))
    if op.get_context().dialect.name == "postgresql":
        op.execute(DROP_NOTIFY_FUNCTION)
