"""The audit log: a new table, on Postgres in partitions by time.

Deploy: before the new code; the earlier code runs on it too, which takes no notice of it.

Locks: none.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.database.partition_migration import partition_by_id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
# What 0004 needs holds as well: the code of 0003.
works_from = "0003"

KEY = "tenant_id, id"
INDEX = "create index ix_audit_entry_operation on audit_entry (tenant_id, operation, id)"


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("operation", sa.String(length=128), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.execute(INDEX)
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        partition_by_id(connection, "audit_entry", key=KEY, indexes=[INDEX])


def downgrade() -> None:
    op.drop_table("audit_entry")
