"""The audit log says from where a request came, and is chained by hashes.

Deploy: before the new code; the earlier code runs on it too. Its entries are in no chain, and
verification says how many there are.

Locks: ACCESS EXCLUSIVE on audit_entry.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
works_from = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("address", sa.String(64)))
    op.add_column("audit_entry", sa.Column("number", BIG))
    op.add_column("audit_entry", sa.Column("previous_hash", sa.LargeBinary(32)))
    op.add_column("audit_entry", sa.Column("hash", sa.LargeBinary(32)))
    op.create_table(
        "audit_chain",
        sa.Column("tenant_id", sa.LargeBinary(length=16), primary_key=True),
        sa.Column("number", BIG, nullable=False),
        sa.Column("entry_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("audit_chain")
    for column in ("hash", "previous_hash", "number", "address"):
        op.drop_column("audit_entry", column)
