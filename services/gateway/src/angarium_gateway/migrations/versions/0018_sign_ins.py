"""Sign-ins to the console: a new table of their codes, and who signed in, in API keys.

Deploy: before the new code; the earlier code runs on it too, and takes the key of a sign-in for any
other.

Locks: ACCESS EXCLUSIVE on api_key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "sign_in",
        sa.Column("code_hash", sa.LargeBinary(length=32), primary_key=True),
        sa.Column("tenant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("email", sa.String(length=256), nullable=True),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=True),
        sa.Column("key_life_s", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_sign_in_expires_at", "sign_in", ["expires_at"])
    op.add_column("api_key", sa.Column("subject", sa.String(length=256), nullable=True))
    op.add_column("api_key", sa.Column("email", sa.String(length=256), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "email")
    op.drop_column("api_key", "subject")
    op.drop_index("ix_sign_in_expires_at", "sign_in")
    op.drop_table("sign_in")
