"""New messages, and the outcomes of their commit."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class NewMessage(Struct, frozen=True, gc=False):
    """A valid message to be committed: a Struct, because one is made for each message, and a frozen
    dataclass takes seven times as long. `payload` is the text of a JSON object, or any text with a
    `content_type`.

    With a `key_digest` the request is idempotent; `request_digest` tells a repeat from another
    request. With `deliver_at` it stays in the journal until that time. Its payload is deleted from
    `payload_expires_at` on; if it was deleted (`expunged`), `payload` is empty.
    """

    id: bytes
    tenant_id: bytes
    application_id: bytes
    event_type: str
    payload: bytes
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    event_id: str | None = None
    key_digest: bytes | None = None
    request_digest: bytes | None = None
    trace: str | None = None
    deliver_at: datetime | None = None
    content_type: str | None = None
    payload_expires_at: datetime | None = None
    expunged: bool = False

    @property
    def size_bytes(self) -> int:
        """The approximate size in the journal and in Redis."""
        return len(self.payload) + 200


class Committed(NamedTuple):
    """The message is in the journal. `application_version` is the directory version of its
    application."""

    application_version: int


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """An earlier request had the same idempotency key."""


@dataclass(frozen=True, slots=True)
class EventTaken:
    """The application has a message with this `eventId`."""


type CommitOutcome = Committed | KeyTaken | EventTaken


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """The request that first used an idempotency key. `message` is None if that request was refused
    because of its `eventId`."""

    request_digest: bytes
    message: NewMessage | None
