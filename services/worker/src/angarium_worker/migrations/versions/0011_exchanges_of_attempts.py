"""What attempts sent and received beside the bodies.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on attempt.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("exchange", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "exchange")
