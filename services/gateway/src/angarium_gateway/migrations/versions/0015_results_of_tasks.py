"""Background tasks have results.

Deploy: before the new code; the earlier code runs on it too, and lets tasks of new kinds fail.

Locks: ACCESS EXCLUSIVE on background_task.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("background_task", sa.Column("result", sa.Text()))


def downgrade() -> None:
    op.drop_column("background_task", "result")
