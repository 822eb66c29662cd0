"""Deliveries that were resent while a worker held them.

Deploy: before the new code; the earlier code runs on it too, and forgets such a resend.

Locks: ACCESS EXCLUSIVE on pending_delivery.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column(
        "pending_delivery",
        sa.Column("resent_while_held", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("pending_delivery", "resent_while_held")
