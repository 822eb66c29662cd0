"""A table of the members of metadata, by which lists find applications and endpoints.

Deploy: before the new code; the earlier code runs on it too, and leaves it empty. Revision 0011
fills it.

Locks: none.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
works_from = "0005"


def upgrade() -> None:
    op.create_table(
        "metadata_members",
        sa.Column("scope", sa.LargeBinary(16), nullable=False),
        sa.Column("member", sa.LargeBinary(16), nullable=False),
        sa.Column("owner_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("scope", "member", "owner_id", name="pk_metadata_members"),
    )
    op.create_index("ix_metadata_members_owner_id", "metadata_members", ["owner_id"])


def downgrade() -> None:
    op.drop_table("metadata_members")
