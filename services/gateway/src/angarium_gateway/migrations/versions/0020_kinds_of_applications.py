"""Kinds of applications in the copy of the directory, and what sources need to receive webhooks.

Deploy: before the new code; the earlier code runs on it until the first source is created.

Locks: ACCESS EXCLUSIVE on application_copy.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column(
        "application_copy",
        sa.Column("kind", sa.String(length=16), nullable=False, server_default="application"),
    )
    op.add_column("application_copy", sa.Column("source_type", sa.String(length=32)))
    op.add_column("application_copy", sa.Column("sealed_source_config", sa.LargeBinary()))
    op.add_column("application_copy", sa.Column("ingest_tokens", sa.Text()))


def downgrade() -> None:
    for name in ("ingest_tokens", "sealed_source_config", "source_type", "kind"):
        op.drop_column("application_copy", name)
