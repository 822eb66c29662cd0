"""Checks of payloads against the schemas of event types, as a choice of each tenant.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on tenant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("schema_check", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("tenant", "schema_check")
