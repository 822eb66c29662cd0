"""Endpoints by tenant and application, for searches and streams of attempts.

Deploy: before the new code; the earlier code runs on it too.

Locks: SHARE on endpoint_copy.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
works_from = "0003"

INDEX = "endpoint_copy_by_tenant"


def upgrade() -> None:
    op.create_index(INDEX, "endpoint_copy", ["tenant_id", "application_id"])


def downgrade() -> None:
    op.drop_index(INDEX, "endpoint_copy")
