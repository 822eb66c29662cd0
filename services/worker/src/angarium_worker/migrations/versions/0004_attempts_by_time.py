"""Attempts in partitions by time, on Postgres.

Deploy: before the new code; the earlier code runs on it too. The attempts that are there are not
moved: their table becomes the oldest partition. It is read once, and workers wait to record
attempts for so long (about a second a gigabyte); what they hold is recorded afterwards.

Locks: ACCESS EXCLUSIVE on attempt.

The way back copies all attempts into one table.
"""

from alembic import op
from angarium_chassis.database.partition_migration import merge_partitions, partition_by_id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
works_from = "0003"

KEY = "message_id, id"
INDEXES = ["create index attempt_by_endpoint on attempt (endpoint_id, id)"]


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        partition_by_id(connection, "attempt", key=KEY, indexes=INDEXES)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        merge_partitions(connection, "attempt", key=KEY, indexes=INDEXES)
