"""Portal tokens: a new table, and a column of the audit log.

Deploy: before the new code; the earlier code runs on it too, and refuses portal tokens.

Locks: ACCESS EXCLUSIVE on audit_entry.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "portal_token",
        sa.Column("id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("tenant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("application_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False, unique=True),
        sa.Column("capabilities", sa.String(length=256), nullable=False),
        sa.Column("feature_flags", sa.Text(), nullable=False),
        sa.Column("session_id", sa.String(length=256)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "ix_portal_token_application_id", "portal_token", ["application_id", "expires_at"]
    )
    op.create_index("ix_portal_token_expires_at", "portal_token", ["expires_at"])
    op.add_column(
        "audit_entry",
        sa.Column("by_portal", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("audit_entry", "by_portal")
    op.drop_table("portal_token")
