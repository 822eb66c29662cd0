"""Inboxes for SQLAlchemy 2, blocking and async.

The row of an event is inserted in the transaction in which its handler works: both are committed,
or neither is. A second delivery that runs at the same time waits for the first to end, because
both insert the same primary key.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, cast

from sqlalchemy import (
    Column,
    CursorResult,
    DateTime,
    Index,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql import Delete

from angarium_receiver.event import KEY_CHARS_MAX

from . import NAME_CHARS_MAX, RETENTION_DAYS, TABLE_NAME, Claim

# Elsewhere, texts are compared byte by byte anyway.
_KEY = String(KEY_CHARS_MAX).with_variant(
    mysql.VARCHAR(KEY_CHARS_MAX, collation="utf8mb4_bin"), "mysql", "mariadb"
)
PRUNED_ROWS_MAX = 1000
"""Rows of one transaction of `prune`."""


def inbox_table(metadata: MetaData, name: str = TABLE_NAME) -> Table:
    """Declare the table in the application's metadata, from where Alembic autogenerates its
    migration and `create_all` creates it."""
    return Table(
        name,
        metadata,
        Column("receiver", String(NAME_CHARS_MAX), primary_key=True),
        Column("event_key", _KEY, primary_key=True),
        Column("received_at", DateTime(timezone=True), nullable=False),
        Index(f"ix_{name}_received_at", "received_at"),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _old_rows(table: Table, before: datetime) -> Delete:
    key = tuple_(table.c.receiver, table.c.event_key)
    # A derived table: MySQL does not select from the table that it deletes from.
    old = (
        select(table.c.receiver, table.c.event_key)
        .where(table.c.received_at < before)
        .order_by(table.c.received_at)
        .limit(PRUNED_ROWS_MAX)
        .subquery()
    )
    return delete(table).where(key.in_(select(old.c.receiver, old.c.event_key)))


class SqlAlchemyInbox:
    """An inbox in the database of blocking handlers, whose `session` is one of `sessions`.

    A handler must not commit or roll back the session.
    """

    is_async: ClassVar[Literal[False]] = False

    def __init__(
        self,
        sessions: sessionmaker[Any],
        table: Table,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._sessions = sessions
        self._table = table
        self._clock = clock

    @contextmanager
    def claim(self, receiver: str, key: str) -> Iterator[Claim]:
        """Insert the row of the event in a new transaction, which ends with the block."""
        session: Session = self._sessions()
        with session, session.begin():
            row = {"receiver": receiver, "event_key": key, "received_at": self._clock()}
            try:
                session.execute(insert(self._table).values(row))
            except IntegrityError:
                session.rollback()
                duplicate = True
            else:
                duplicate = False
            if duplicate:
                yield Claim(duplicate=True)
            else:
                yield Claim(duplicate=False, session=session)

    def prune(self, older_than: timedelta = timedelta(days=RETENTION_DAYS)) -> int:
        """Delete the rows of events that were handled long ago, and count them. An event that the
        sender still repeats after that is handled again."""
        before = self._clock() - older_than
        total = 0
        while True:
            with self._sessions() as session, session.begin():
                result = cast("CursorResult[Any]", session.execute(_old_rows(self._table, before)))
                total += result.rowcount
            if result.rowcount < PRUNED_ROWS_MAX:
                return total


class AsyncSqlAlchemyInbox:
    """As SqlAlchemyInbox, for async handlers."""

    is_async: ClassVar[Literal[True]] = True

    def __init__(
        self,
        sessions: async_sessionmaker[Any],
        table: Table,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._sessions = sessions
        self._table = table
        self._clock = clock

    @asynccontextmanager
    async def claim(self, receiver: str, key: str) -> AsyncIterator[Claim]:
        """As that of SqlAlchemyInbox."""
        session: AsyncSession = self._sessions()
        async with session, session.begin():
            row = {"receiver": receiver, "event_key": key, "received_at": self._clock()}
            try:
                await session.execute(insert(self._table).values(row))
            except IntegrityError:
                await session.rollback()
                duplicate = True
            else:
                duplicate = False
            if duplicate:
                yield Claim(duplicate=True)
            else:
                yield Claim(duplicate=False, session=session)

    async def prune(self, older_than: timedelta = timedelta(days=RETENTION_DAYS)) -> int:
        """As that of SqlAlchemyInbox."""
        before = self._clock() - older_than
        total = 0
        while True:
            async with self._sessions() as session, session.begin():
                executed = await session.execute(_old_rows(self._table, before))
                result = cast("CursorResult[Any]", executed)
                total += result.rowcount
            if result.rowcount < PRUNED_ROWS_MAX:
                return total
