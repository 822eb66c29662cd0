"""Clocks and consumers of endpoints that are polled.

Deploy: before the new code; the earlier code runs on it too. An earlier worker fails to deliver to
the URL `poll://messages` and retries: let the earlier ones stop before such endpoints are created.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
works_from = "0003"

ID = sa.LargeBinary(16)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "poll_clock",
        sa.Column("endpoint_id", ID, primary_key=True),
        sa.Column("tick", BIG, nullable=False),
    )
    op.create_table(
        "poll_consumer",
        sa.Column("endpoint_id", ID, primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("position", ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("poll_consumer")
    op.drop_table("poll_clock")
