"""Filters of endpoints.

Deploy order: before the code. Undoing it removes the filters: their endpoints get every message that
their event types and channels let through.

Locks: ACCESS EXCLUSIVE on endpoints.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
works_from = "0005"


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("filter", sa.Text()))


def downgrade() -> None:
    op.drop_column("endpoints", "filter")
