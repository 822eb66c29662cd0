"""Content types of messages whose payload is not the text of a JSON object.

Deploy: before the new code; the earlier code runs on it too.

Locks: ACCESS EXCLUSIVE on message.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("message", sa.Column("content_type", sa.String(256), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "content_type")
