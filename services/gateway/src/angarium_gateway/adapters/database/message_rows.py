"""Conversion between messages and rows of the journal."""

from typing import Any

import msgspec
from angarium_contracts.hot_path import AcceptedMessage

from angarium_gateway.domain.messages import NewMessage

_names = msgspec.json.Decoder(tuple[str, ...])


def names_to_text(names: tuple[str, ...]) -> str | None:
    """Channels or tags as stored in the journal."""
    return msgspec.json.encode(names).decode() if names else None


def names_from_text(text: str | None) -> tuple[str, ...]:
    """Channels or tags from the journal."""
    return () if text is None else _names.decode(text)


def row_of(message: NewMessage) -> dict[str, Any]:
    """The journal's row of a message."""
    return {
        "application_id": message.application_id,
        "id": message.id,
        "tenant_id": message.tenant_id,
        "event_type": message.event_type,
        "event_id": message.event_id,
        "channels": names_to_text(message.channels),
        "tags": names_to_text(message.tags),
        "trace": message.trace,
        "payload": message.payload,
        "deliver_at": message.deliver_at,
        "content_type": message.content_type,
    }


def message_of(row: Any) -> NewMessage:
    """The message of a journal row."""
    return NewMessage(
        id=bytes(row.id),
        tenant_id=bytes(row.tenant_id),
        application_id=bytes(row.application_id),
        event_type=row.event_type,
        payload=bytes(row.payload),
        channels=names_from_text(row.channels),
        tags=names_from_text(row.tags),
        event_id=row.event_id,
        trace=row.trace,
        deliver_at=row.deliver_at,
        content_type=row.content_type,
        expunged=row.expunged_at is not None,
    )


def accepted_of(message: NewMessage, application_version: int) -> AcceptedMessage:
    """A committed message in the form of its contract."""
    return AcceptedMessage(
        id=message.id,
        tenant_id=message.tenant_id,
        application_id=message.application_id,
        application_version=application_version,
        event_type=message.event_type,
        payload=message.payload,
        channels=message.channels,
        trace=message.trace,
        content_type=message.content_type,
        tags=message.tags,
    )
