"""Legal holds: a new table.

Deploy: before the new code; the earlier code runs on it too, and observes no holds.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("tenant_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("application_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("placed_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("legal_hold")
