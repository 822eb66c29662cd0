"""Samples of the backlog by minute, hour and day.

Deploy: before the new code; the earlier code runs on it too.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.statistics.rollup_migration import BIG

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.create_table(
        "backlog_sample",
        sa.Column("resolution", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", BIG, primary_key=True, autoincrement=False),
        sa.Column("open_batches", BIG, nullable=False),
        sa.Column("oldest_open_ms", BIG, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("backlog_sample")
