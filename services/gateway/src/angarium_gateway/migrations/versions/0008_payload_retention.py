"""Payloads that are deleted before their messages.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on message.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
works_from = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("message", sa.Column("expunged_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "payload_expiry",
        sa.Column("message_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("application_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_payload_expiry_expires_at", "payload_expiry", ["expires_at", "message_id"])


def downgrade() -> None:
    op.drop_table("payload_expiry")
    op.drop_column("message", "expunged_at")
