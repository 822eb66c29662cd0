"""Endpoints whose answers are not to steer their deliveries, and those whose messages are kept while
they are disabled.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on endpoint_copy.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column(
        "endpoint_copy",
        sa.Column("receiver_control", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column(
        "endpoint_copy",
        sa.Column("keep_while_disabled", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("endpoint_copy", "keep_while_disabled")
    op.drop_column("endpoint_copy", "receiver_control")
