"""Adds events to the outbox, in the transaction of Django's ORM."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from angarium_outbox.event import Event, row_of


def add(
    application: str,
    event_type: str,
    payload: Mapping[str, Any],
    *,
    using: str | None = None,
    key: str | None = None,
    event_id: str | None = None,
    deliver_at: datetime | None = None,
    tags: Sequence[str] = (),
    channels: Sequence[str] = (),
) -> str:
    """Add an event; give its event id. See `Event` for the arguments; `using` names the database.

    Call it inside `transaction.atomic()`: the event is posted if that is committed, and never if it
    is rolled back. Raises `InvalidEvent` for what Angarium would refuse, and
    `django.db.IntegrityError` if the application has an event with this `event_id` already.
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
    return add_many([event], using=using)[0]


def add_many(events: Iterable[Event], *, using: str | None = None) -> list[str]:
    """Add events, in their order; give their event ids. Raises as `add` does."""
    # Models can be imported only once Django has loaded its apps.
    from angarium_outbox.django.models import OutboxEvent

    rows = [OutboxEvent(**row_of(event)) for event in events]
    OutboxEvent.objects.using(using).bulk_create(rows)
    return [row.event_id for row in rows]
