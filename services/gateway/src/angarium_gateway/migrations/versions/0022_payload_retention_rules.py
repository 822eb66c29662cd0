"""How long payloads are kept, by application and by event type.

Deploy: before the new code; the earlier code runs on it too.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "payload_retention",
        sa.Column("tenant_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("application_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("event_type", sa.String(length=256), primary_key=True),
        sa.Column("hours", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("payload_retention")
