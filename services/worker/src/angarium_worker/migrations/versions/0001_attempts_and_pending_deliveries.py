"""Attempts, pending deliveries, and the copy of the endpoints.

Deploy: before the new code.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("trigger", sa.SmallInteger(), nullable=False),
        sa.Column("response_status", sa.SmallInteger(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("ended_at", BIG, nullable=False),
        sa.Column("next_attempt_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("message_id", "id"),
    )
    op.create_index("attempt_by_endpoint", "attempt", ["endpoint_id", "id"])
    op.create_table(
        "pending_delivery",
        sa.Column("message_id", ID, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("endpoint_version", BIG, nullable=False),
        sa.Column("attempts_made", sa.Integer(), nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "endpoint_id"),
    )
    op.create_index("pending_delivery_by_due", "pending_delivery", ["due_at"])
    op.create_table(
        "endpoint_copy",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=True),
        sa.Column("throttle_rate", sa.Integer(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "directory_copy",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("insert into directory_copy (id, version) values (1, 0)")


def downgrade() -> None:
    op.drop_table("directory_copy")
    op.drop_table("endpoint_copy")
    op.drop_index("pending_delivery_by_due", "pending_delivery")
    op.drop_table("pending_delivery")
    op.drop_index("attempt_by_endpoint", "attempt")
    op.drop_table("attempt")
