"""The audit log has the members that a request changed, before and after.

Deploy: before the new code; the earlier code runs on it too, and leaves them null.

Locks: ACCESS EXCLUSIVE on audit_entry.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("before", sa.Text()))
    op.add_column("audit_entry", sa.Column("after", sa.Text()))


def downgrade() -> None:
    op.drop_column("audit_entry", "after")
    op.drop_column("audit_entry", "before")
