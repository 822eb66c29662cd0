"""An index of failed attempts by endpoint, for searches in an application or at an endpoint.

Deploy: before the new code; the earlier code runs on it too. On Postgres, workers wait to record
attempts while it is built: some seconds per ten million attempts.

Locks: SHARE on attempt.

Revision ID: 0014
Revises: 0013
"""

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
works_from = "0003"

INDEX = "attempt_failed_by_endpoint"
FAILED = "status = 2"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("set local statement_timeout = 0")
    op.create_index(
        INDEX,
        "attempt",
        ["endpoint_id", "id"],
        postgresql_where=text(FAILED),
        sqlite_where=text(FAILED),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "attempt")
