"""Content types of pending deliveries whose payload is not the text of a JSON object.

Deploy: before the new code; the earlier code runs on it too. An earlier worker sends such a payload
as application/json: let the earlier ones stop before a gateway takes raw payloads.

Locks: ACCESS EXCLUSIVE on pending_delivery.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
works_from = "0003"


def upgrade() -> None:
    op.add_column("pending_delivery", sa.Column("content_type", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("pending_delivery", "content_type")
