"""Tenants that are being deleted.

Deploy: before the new code; the earlier code runs on it too. It lets the keys of a deleted tenant
in: delete none before all gateways are updated.

Locks: ACCESS EXCLUSIVE on tenant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("deleted_at", sa.BigInteger()))
    op.add_column("tenant", sa.Column("erased_at", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("tenant", "erased_at")
    op.drop_column("tenant", "deleted_at")
