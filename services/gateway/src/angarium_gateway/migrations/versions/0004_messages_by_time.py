"""Messages in partitions by time, on Postgres; how long a tenant's rows are kept.

Deploy: before the new code; the earlier code runs on it too. The messages that are there are not
moved: their table becomes the oldest partition. It is read once, and gateways answer 503 or wait
for so long (about a second a gigabyte).

Locks: ACCESS EXCLUSIVE on message, tenant.

The way back copies all messages into one table.
"""

import sqlalchemy as sa
from alembic import op
from angarium_chassis.database.partition_migration import merge_partitions, partition_by_id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
works_from = "0003"

KEY = "application_id, id"


def upgrade() -> None:
    op.add_column("tenant", sa.Column("retention_days", sa.SmallInteger(), nullable=True))
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        partition_by_id(connection, "message", key=KEY, indexes=[])


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        merge_partitions(connection, "message", key=KEY, indexes=[])
    op.drop_column("tenant", "retention_days")
