"""Payload formats, authentication and CA certificates in the copy of the endpoints.

Deploy: before the new code; the earlier code runs on it too. An earlier worker sends plain payloads
without authentication: let the earlier ones stop before an endpoint asks for either.

Locks: ACCESS EXCLUSIVE on endpoint_copy.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
works_from = "0003"


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("payload_format", sa.Text(), nullable=False, server_default="plain"),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("event_source", sa.Text(), nullable=True),
        sa.Column("handshake", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("authentication", sa.LargeBinary(), nullable=True),
        sa.Column("ca_certificates", sa.LargeBinary(), nullable=True),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column("endpoint_copy", column)


def downgrade() -> None:
    for column in reversed(_columns()):
        op.drop_column("endpoint_copy", column.name)
