"""Payload formats, authentication and CA certificates of endpoints.

Deploy order: before the code.

Locks: ACCESS EXCLUSIVE on endpoints.

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
works_from = "0004"


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("payload_format", sa.String(32), nullable=False, server_default="plain"),
        sa.Column("content_type", sa.Text()),
        sa.Column("event_source", sa.Text()),
        sa.Column("handshake", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("sealed_authentication", sa.LargeBinary()),
        sa.Column("authentication_shown", sa.Text()),
        sa.Column("sealed_ca", sa.LargeBinary()),
        sa.Column("ca_shown", sa.Text()),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column("endpoints", column)


def downgrade() -> None:
    for column in reversed(_columns()):
        op.drop_column("endpoints", column.name)
