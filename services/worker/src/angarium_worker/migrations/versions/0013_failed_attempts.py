"""An index of failed attempts, for searches of a whole tenant.

Deploy: before the new code; the earlier code runs on it too. On Postgres, workers wait to record
attempts while it is built: some seconds per ten million attempts.

Locks: SHARE on attempt.

Revision ID: 0013
Revises: 0012
"""

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
works_from = "0003"

INDEX = "attempt_failed"
FAILED = "status = 2"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    op.create_index(
        INDEX,
        "attempt",
        ["tenant_id", "id"],
        postgresql_where=text(FAILED),
        sqlite_where=text(FAILED),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "attempt")
