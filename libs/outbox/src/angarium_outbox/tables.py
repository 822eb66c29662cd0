"""The two tables of the outbox, in the producer's database.

Add `metadata` to the `target_metadata` of Alembic, or create the tables with
`angarium_outbox.alembic`. On Postgres a trigger notifies relays of each transaction that adds.
"""

from enum import IntEnum
from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    event,
)
from sqlalchemy.dialects import mysql

CHANNEL: Final = "angarium_outbox"
"""Postgres's channel for NOTIFY."""

NOTIFY_FUNCTION: Final = f"""\
CREATE OR REPLACE FUNCTION angarium_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('{CHANNEL}', '');
  RETURN NULL;
END $$"""
NOTIFY_TRIGGER: Final = """\
CREATE TRIGGER angarium_outbox_notify AFTER INSERT ON angarium_outbox
FOR EACH STATEMENT EXECUTE FUNCTION angarium_outbox_notify()"""
DROP_NOTIFY_FUNCTION: Final = "DROP FUNCTION IF EXISTS angarium_outbox_notify()"


class State(IntEnum):
    """Values of the column `state`."""

    PENDING = 0
    ACCEPTED = 1
    SET_ASIDE = 2


def _name(chars_max: int = 256) -> String:
    """Text of ASCII names, compared by bytes on all engines."""
    return String(chars_max).with_variant(
        mysql.VARCHAR(chars_max, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )


def _text() -> Text:
    """Text of any length."""
    return Text().with_variant(
        mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


_key = String(256).with_variant(
    mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)

metadata = MetaData()

outbox = Table(
    "angarium_outbox",
    metadata,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("state", SmallInteger, nullable=False, server_default="0"),
    Column("lane", SmallInteger, nullable=False),
    Column("application", _name(), nullable=False),
    Column("order_key", _key),
    Column("event_id", _name(), nullable=False),
    Column("event_type", _name(), nullable=False),
    Column("payload", _text(), nullable=False),
    Column("options", _text()),
    Column("size_bytes", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("reason", _text()),
    Index("angarium_outbox_by_state", "state", "position"),
    Index("angarium_outbox_event_id", "application", "event_id", unique=True),
    # A position that was deleted must not be given to a later event.
    sqlite_autoincrement=True,
    mysql_engine="InnoDB",
)
"""Events. `order_key` is the event's key, `options` the other members of the message as JSON,
`ended_ms` when it was accepted or set aside (Unix time), `reason` why it was set aside."""

lease = Table(
    "angarium_outbox_lease",
    metadata,
    Column("name", _name(64), primary_key=True),
    Column("owner", _name(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    mysql_engine="InnoDB",
)
"""Relays that run, and the lanes of each. Names are `relay:<id>` and `lane:<number>`; times are by
the database's clock."""

for _statement in (NOTIFY_FUNCTION, NOTIFY_TRIGGER):
    event.listen(
        outbox,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )
event.listen(
    outbox,
    "after_drop",
    DDL(DROP_NOTIFY_FUNCTION).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)
