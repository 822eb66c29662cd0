"""Keys of applications as integrations: feature flags, changes, and a list for each application.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on api_key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
works_from = "0003"

_OF_APPLICATIONS = sa.text("application_id is not null")


def upgrade() -> None:
    op.add_column("api_key", sa.Column("feature_flags", sa.Text(), nullable=True))
    op.add_column("api_key", sa.Column("updated_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_api_key_application_id",
        "api_key",
        ["application_id", "id"],
        postgresql_where=_OF_APPLICATIONS,
        sqlite_where=_OF_APPLICATIONS,
    )


def downgrade() -> None:
    op.drop_index("ix_api_key_application_id", "api_key")
    for name in ("updated_at", "feature_flags"):
        op.drop_column("api_key", name)
