"""Roll-ups of accepted messages, and the order in which messages are recorded.

Deploy: before the new code; the earlier code runs on it too. Messages that are in the journal
already are not counted. On Postgres, messages wait to be accepted while an index on the journal is
built: some seconds per ten million messages.

Locks: ACCESS EXCLUSIVE on message.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.statistics.rollup_migration import BIG, forget_order, order_ledgers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
works_from = "0003"

LEDGERS = ("message",)


def upgrade() -> None:
    order_ledgers(op, LEDGERS)
    op.create_table(
        "message_rollup",
        sa.Column("resolution", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", BIG, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.LargeBinary(length=16), primary_key=True)
            for name in ("tenant_id", "application_id")
        ),
        sa.Column("event_type", sa.String(256), primary_key=True),
        sa.Column("accepted", BIG, nullable=False),
    )
    for name, column in (("tenant", "tenant_id"), ("application", "application_id")):
        columns = [column, "resolution", "starts_at"]
        op.create_index(f"message_rollup_by_{name}", "message_rollup", columns)


def downgrade() -> None:
    op.drop_table("message_rollup")
    forget_order(op, LEDGERS)
