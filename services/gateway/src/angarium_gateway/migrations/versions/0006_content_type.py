"""Content types of messages whose payload is not the text of a JSON object.

Deploy: before the new code; the earlier code runs on it too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
# What 0004 needs holds as well: the code of 0003.
works_from = "0003"


def upgrade() -> None:
    op.add_column("message", sa.Column("content_type", sa.String(256), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "content_type")
