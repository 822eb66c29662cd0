"""The tables of the index of messages by their terms (`message_terms`)."""

from angarium_chassis.database.columns import Big, Id
from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table

from .tables import metadata

message_term = Table(
    "message_term",
    metadata,
    Column("application_id", Id, nullable=False),
    Column("term", LargeBinary(8), nullable=False),
    Column("id", Id, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    PrimaryKeyConstraint("application_id", "term", "id"),
    postgresql_partition_by="RANGE (id)",
)
"""Blocks of messages with a term. `id` is the lowest id of the block, `messages` their number, and
`ids` their ids, one after the other, or empty if there are more than `IDS_MAX`. On Postgres
partitioned by time."""

term_position = Table(
    "term_position",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", Big, nullable=False),
    Column("indexed_from", Id, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
)
"""One row: messages recorded below `position` with an id of `indexed_from` or above are in the
index. `salt` is part of the hash of every term."""
