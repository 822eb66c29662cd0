"""Roll-ups of attempts and cancelled deliveries, and the order in which those are recorded.

Deploy: before the new code; the earlier code runs on it too. Nothing that is recorded already is
counted. On Postgres, workers wait to record attempts while an index on them is built: some seconds
per ten million attempts.

Locks: ACCESS EXCLUSIVE on attempt, cancelled_delivery.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.statistics.rollup_migration import BIG, forget_order, order_ledgers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
works_from = "0003"

LEDGERS = ("attempt", "cancelled_delivery")
NUMBERS = ("first_attempts", "delivered", "failed", "exhausted", "retried", "cancelled")


def upgrade() -> None:
    order_ledgers(op, LEDGERS)
    op.create_table(
        "delivery_rollup",
        sa.Column("resolution", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", BIG, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.LargeBinary(length=16), primary_key=True)
            for name in ("tenant_id", "application_id", "endpoint_id")
        ),
        sa.Column("event_type", sa.Text(), primary_key=True),
        *(sa.Column(name, BIG, nullable=False) for name in NUMBERS),
        sa.Column("durations", sa.LargeBinary(), nullable=False),
        sa.Column("latencies", sa.LargeBinary(), nullable=False),
    )
    for name, column in (("tenant", "tenant_id"), ("application", "application_id")):
        columns = [column, "resolution", "starts_at"]
        op.create_index(f"delivery_rollup_by_{name}", "delivery_rollup", columns)


def downgrade() -> None:
    op.drop_table("delivery_rollup")
    forget_order(op, LEDGERS)
