"""One receiver for each kind of inbox, whose handler adds a row to a ledger."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from angarium_receiver import Answer, Event, Receiver, WebhookRequest
from angarium_receiver.inbox.django.handle_once import DjangoInbox
from angarium_receiver.inbox.sqlalchemy import AsyncSqlAlchemyInbox, SqlAlchemyInbox, inbox_table
from angarium_receiver.standard_webhooks import sign
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from libs.receiver.tests import django_project

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_800_000_000
METADATA = MetaData()
INBOX = inbox_table(METADATA)
LEDGER = Table(
    "ledger",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("event_id", String(64), nullable=False),
)

type At = Callable[[str], None]
"""Called at each step of a handler: `inserted` and `worked`."""


def nowhere(step: str) -> None:
    """Do nothing at any step."""


def signed(webhook_id: str) -> WebhookRequest:
    """A webhook with this id."""
    body = b'{"type":"invoice.paid"}'
    return WebhookRequest("POST", "https://a/", sign(SECRET, webhook_id, NOW_S, body), body)


def blocking_url(url: str) -> str:
    """The URL of the same database for a driver that is not async."""
    drivers = {"sqlite+aiosqlite": "sqlite", "postgresql+asyncpg": "postgresql+psycopg"}
    return (
        make_url(url)
        .set(drivername=drivers[make_url(url).drivername])
        .render_as_string(hide_password=False)
    )


def create_tables(url: str) -> None:
    """Create the tables in an empty database."""
    engine = create_engine(blocking_url(url), poolclass=NullPool)
    METADATA.create_all(engine)
    engine.dispose()


def handled(url: str, event_id: str) -> int:
    """How many rows the handler added for an event."""
    engine = create_engine(blocking_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        rows = select(func.count()).where(LEDGER.c.event_id == event_id)
        count = connection.execute(rows).scalar_one()
    engine.dispose()
    return int(count)


class Kind(Protocol):
    """A kind of inbox in a database."""

    inbox: Any

    def receiver(self, at: At = nowhere, name: str | None = None) -> Receiver:
        """A receiver with this inbox."""

    def deliver(self, request: WebhookRequest, at: At = nowhere, name: str | None = None) -> Answer:
        """Let a receiver handle the request."""

    def prune(self, **options: Any) -> int:
        """Prune the inbox."""


class SqlAlchemyKind:
    """Blocking SQLAlchemy."""

    def __init__(self, url: str) -> None:
        engine = create_engine(blocking_url(url), poolclass=NullPool)
        self.inbox: Any = SqlAlchemyInbox(sessionmaker(engine), INBOX)

    def receiver(self, at: At = nowhere, name: str | None = None) -> Receiver:
        receiver = Receiver(SECRET, inbox=self.inbox, name=name, clock=lambda: NOW_S)

        @receiver.on("invoice.paid")
        def paid(event: Event, session: Session) -> None:
            at("inserted")
            session.execute(insert(LEDGER).values(event_id=event.id))
            at("worked")

        return receiver

    def deliver(self, request: WebhookRequest, at: At = nowhere, name: str | None = None) -> Answer:
        return self.receiver(at, name).handle(request)

    def prune(self, **options: Any) -> int:
        return int(self.inbox.prune(**options))


class AsyncKind:
    """Async SQLAlchemy."""

    def __init__(self, url: str) -> None:
        engine = create_async_engine(url, poolclass=NullPool)
        self.inbox: Any = AsyncSqlAlchemyInbox(async_sessionmaker(engine), INBOX)

    def receiver(self, at: At = nowhere, name: str | None = None) -> Receiver:
        receiver = Receiver(SECRET, inbox=self.inbox, name=name, clock=lambda: NOW_S)

        @receiver.on("invoice.paid")
        async def paid(event: Event, session: AsyncSession) -> None:
            at("inserted")
            await session.execute(insert(LEDGER).values(event_id=event.id))
            at("worked")

        return receiver

    def deliver(self, request: WebhookRequest, at: At = nowhere, name: str | None = None) -> Answer:
        return asyncio.run(self.receiver(at, name).handle_async(request))

    def prune(self, **options: Any) -> int:
        return int(asyncio.run(self.inbox.prune(**options)))


class DjangoKind:
    """Django's ORM."""

    def __init__(self, url: str) -> None:
        django_project.set_up()
        self.using = django_project.use(blocking_url(url))
        self.inbox: Any = DjangoInbox(self.using)

    def receiver(self, at: At = nowhere, name: str | None = None) -> Receiver:
        from django.db import connections

        receiver = Receiver(SECRET, inbox=self.inbox, name=name, clock=lambda: NOW_S)

        @receiver.on("invoice.paid")
        def paid(event: Event, session: str) -> None:
            at("inserted")
            with connections[session].cursor() as cursor:
                cursor.execute("insert into ledger (event_id) values (%s)", [event.id])
            at("worked")

        return receiver

    def deliver(self, request: WebhookRequest, at: At = nowhere, name: str | None = None) -> Answer:
        from django.db import connections

        try:
            return self.receiver(at, name).handle(request)
        finally:
            connections[self.using].close()

    def prune(self, **options: Any) -> int:
        return int(self.inbox.prune(**options))


KINDS: dict[str, Callable[[str], Kind]] = {
    "sqlalchemy": SqlAlchemyKind,
    "async": AsyncKind,
    "django": DjangoKind,
}
