"""Lanes, schedules and marks of pending deliveries, the outbox of events, endpoints' health.

Deploy: before the new code, and workers before dispatchers. A worker of the earlier version takes
what stands in a lane by its time, without its endpoint's order and limits: let the earlier ones
stop before an endpoint gets either.

Locks: ACCESS EXCLUSIVE on cancelled_delivery, endpoint_copy, pending_delivery.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _change_tables()
    op.create_table(
        "lane",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("waits_until", BIG, nullable=False),
        sa.Column("held_until", BIG, nullable=True),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("arrivals", BIG, nullable=False),
        sa.Column("burst_at", BIG, nullable=False),
        sa.Column("confirmed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id"),
    )
    op.create_index("lane_by_due", "lane", ["due_at"])
    _create_partial_index("lane_by_holding", "lane", ["held_until"], "held_until is not null")
    op.create_table(
        "operational_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("response_status", sa.SmallInteger(), nullable=False),
        sa.Column("attempted_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "endpoint_health",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("failing_since", BIG, nullable=False),
        sa.Column("last_failure_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id"),
    )


def _change_tables() -> None:
    for column in (
        sa.Column("trigger", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("retry_delays", sa.Text(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("lane", sa.SmallInteger(), nullable=True),
        sa.Column("cancelled", sa.Text(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("pending_delivery", column)
    op.drop_index("pending_delivery_by_due", "pending_delivery")
    _create_partial_index(
        "pending_delivery_by_due", "pending_delivery", ["due_at"], "lane is null"
    )
    in_lane = ["endpoint_id", "lane", "message_id", "due_at"]
    _create_partial_index(
        "pending_delivery_by_lane", "pending_delivery", in_lane, "lane is not null"
    )
    by_hand: sa.Column[bool] = sa.Column(
        "by_hand", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("cancelled_delivery", by_hand)
    op.create_index(
        "cancelled_delivery_by_endpoint", "cancelled_delivery", ["endpoint_id", "message_id"]
    )
    for column in (
        sa.Column("fifo", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("concurrency_max", sa.Integer(), nullable=True),
        sa.Column("retry_delays", sa.Text(), nullable=True),
    ):
        op.add_column("endpoint_copy", column)


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, postgresql_where=condition, sqlite_where=condition)


def downgrade() -> None:
    op.drop_table("endpoint_health")
    op.drop_table("operational_event")
    op.drop_table("lane")
    for name in ("retry_delays", "concurrency_max", "fifo"):
        op.drop_column("endpoint_copy", name)
    op.drop_index("cancelled_delivery_by_endpoint", "cancelled_delivery")
    op.drop_column("cancelled_delivery", "by_hand")
    op.drop_index("pending_delivery_by_lane", "pending_delivery")
    op.drop_index("pending_delivery_by_due", "pending_delivery")
    op.create_index("pending_delivery_by_due", "pending_delivery", ["due_at"])
    for name in ("by_hand", "cancelled", "lane", "weight", "retry_delays", "trigger"):
        op.drop_column("pending_delivery", name)
