"""Messages that are delivered at a time of their own.

Deploy: before the new code. Messages that wait for their time are not delivered after a
downgrade.

Locks: ACCESS EXCLUSIVE on message.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("deliver_at", sa.BigInteger(), nullable=True))
    op.add_column("message", sa.Column("canceled_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "scheduled_message",
        sa.Column("message_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("application_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column(
            "deliver_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index(
        "ix_scheduled_message_deliver_at",
        "scheduled_message",
        ["deliver_at", "message_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_scheduled_message_deliver_at", table_name="scheduled_message")
    op.drop_table("scheduled_message")
    op.drop_column("message", "canceled_at")
    op.drop_column("message", "deliver_at")
