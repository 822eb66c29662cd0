"""Adds events to the outbox, in the transaction of the caller."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from angarium_outbox.event import Event, row_of
from angarium_outbox.tables import outbox


def add(
    session: Session | Connection,
    application: str,
    event_type: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    event_id: str | None = None,
    deliver_at: datetime | None = None,
    tags: Sequence[str] = (),
    channels: Sequence[str] = (),
) -> str:
    """Add an event in the session's transaction; give its event id. See `Event` for the arguments.

    It is posted if the transaction is committed, and never if it is rolled back. Raises
    `InvalidEvent` for what Angarium would refuse, and `sqlalchemy.exc.IntegrityError` if the
    application has an event with this `event_id` already.
    """
    event = Event(
        application=application,
        event_type=event_type,
        payload=payload,
        key=key,
        event_id=event_id,
        deliver_at=deliver_at,
        tags=tags,
        channels=channels,
    )
    return add_many(session, [event])[0]


async def add_async(
    session: AsyncSession | AsyncConnection,
    application: str,
    event_type: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    event_id: str | None = None,
    deliver_at: datetime | None = None,
    tags: Sequence[str] = (),
    channels: Sequence[str] = (),
) -> str:
    """As `add`, in the transaction of an asynchronous session or connection."""
    event = Event(
        application=application,
        event_type=event_type,
        payload=payload,
        key=key,
        event_id=event_id,
        deliver_at=deliver_at,
        tags=tags,
        channels=channels,
    )
    return (await add_many_async(session, [event]))[0]


def add_many(session: Session | Connection, events: Iterable[Event]) -> list[str]:
    """Add events, in their order, in one statement; give their event ids. Raises as `add` does."""
    if isinstance(session, AsyncSession | AsyncConnection):
        raise TypeError("The session is asynchronous. Use `await add_async(…)`.")
    rows = [row_of(event) for event in events]
    if rows:
        session.execute(insert(outbox), rows)
    return [row["event_id"] for row in rows]


async def add_many_async(
    session: AsyncSession | AsyncConnection, events: Iterable[Event]
) -> list[str]:
    """As `add_many`, in the transaction of an asynchronous session or connection."""
    rows = [row_of(event) for event in events]
    if rows:
        await session.execute(insert(outbox), rows)
    return [row["event_id"] for row in rows]
