"""Timings, channels and traces of deliveries, cancelled deliveries, and the endpoints' options.

Deploy: before the new code, and workers before dispatchers.

Locks: ACCESS EXCLUSIVE on attempt, endpoint_copy, pending_delivery.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("attempt", sa.Column("channels", sa.Text(), nullable=True))
    op.add_column("attempt", sa.Column("timings", sa.LargeBinary(), nullable=True))
    op.add_column("pending_delivery", sa.Column("channels", sa.Text(), nullable=True))
    op.add_column("pending_delivery", sa.Column("trace", sa.Text(), nullable=True))
    op.create_index("pending_delivery_by_endpoint", "pending_delivery", ["endpoint_id", "due_at"])
    op.create_table(
        "cancelled_delivery",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cancelled_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "endpoint_id"),
    )
    for column in (
        sa.Column("secrets_expire_at", sa.LargeBinary(), nullable=True),
        sa.Column("timeout_s", sa.Double(), nullable=True),
        sa.Column("header_names", sa.Text(), nullable=False, server_default="webhook"),
        sa.Column("proxy", sa.LargeBinary(), nullable=True),
        sa.Column("client_certificate", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("endpoint_copy", column)


def downgrade() -> None:
    for name in (
        "client_certificate",
        "proxy",
        "header_names",
        "timeout_s",
        "secrets_expire_at",
    ):
        op.drop_column("endpoint_copy", name)
    op.drop_table("cancelled_delivery")
    op.drop_index("pending_delivery_by_endpoint", "pending_delivery")
    op.drop_column("pending_delivery", "trace")
    op.drop_column("pending_delivery", "channels")
    op.drop_column("attempt", "timings")
    op.drop_column("attempt", "channels")
