"""Numbers of messages that violate the schemas of their event types.

Deploy: before the new code; the earlier code runs on it too.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.statistics.rollup_migration import BIG

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "schema_violation",
        sa.Column("tenant_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("event_type", sa.String(length=256), primary_key=True),
        sa.Column("accepted", BIG, nullable=False),
        sa.Column("refused", BIG, nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("schema_violation")
