"""The index of messages by event type, channel and tag, which is written in the background.

Deploy: before the new code; the earlier code runs on it too. Messages that are there already are
not put into the index: searches look through them as before, until retention deletes them.

Locks: none.
"""

import os
import time

import sqlalchemy as sa
from alembic import op
from angarium_chassis.database.partition_migration import partition_by_id
from angarium_chassis.statistics.rollup_migration import BIG
from angarium_contracts.ids import lowest_id_at

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
works_from = "0003"

KEY = "application_id, term, id"
CLOCKS_APART_MS = 3_600_000
BLOCK_MS = 4_096
TRIGGER = "message_term_position"


def upgrade() -> None:
    op.create_table(
        "message_term",
        sa.Column("application_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("term", sa.LargeBinary(length=8), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "term", "id"),
    )
    position = op.create_table(
        "term_position",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("indexed_from", sa.LargeBinary(length=16), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
    )
    connection = op.get_bind()
    counted = sa.text("select position from rollup_position where ledger = 'message'")
    are_there = connection.scalar(sa.text("select exists (select 1 from message)"))
    # Later ids than those of the messages that are there, whatever clock made them.
    later_ms = (time.time_ns() // 1_000_000 + CLOCKS_APART_MS) // BLOCK_MS * BLOCK_MS
    row = {
        "id": 1,
        "position": connection.scalar(counted),
        "indexed_from": lowest_id_at(later_ms) if are_there else bytes(16),
        "salt": os.urandom(16),
    }
    connection.execute(sa.insert(position).values(row))
    if connection.dialect.name == "postgresql":
        partition_by_id(connection, "message_term", key=KEY, indexes=[])
    else:
        # SQLite gives the number of a deleted newest row to the next one (`order_ledgers`).
        following = "(select coalesce(max(rowid), 0) + 1 from message)"
        connection.exec_driver_sql(
            f"create trigger {TRIGGER} after delete on message"
            " when old.rowid >= (select position - 1 from term_position)"
            f" begin update term_position set position = min(position, {following}); end"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"drop trigger {TRIGGER}")
    op.drop_table("term_position")
    op.drop_table("message_term")
