"""Control of endpoints by their answers, and messages kept while they are disabled.

Deploy order: before the code. Undoing it forgets what is kept for disabled endpoints.

Locks: ACCESS EXCLUSIVE on endpoints, operational_event.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.database.columns import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
works_from = "0005"


def upgrade() -> None:
    op.add_column(
        "endpoints",
        sa.Column("receiver_control", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column(
        "endpoints",
        sa.Column("keep_while_disabled", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("endpoints", sa.Column("kept_since", sa.BigInteger()))
    op.add_column("operational_event", sa.Column("kept_since", sa.BigInteger()))


def downgrade() -> None:
    op.execute("delete from operational_event where type = 'endpoint.resumed'")
    op.drop_column("operational_event", "kept_since")
    for name in ("kept_since", "keep_while_disabled", "receiver_control"):
        op.drop_column("endpoints", name)
