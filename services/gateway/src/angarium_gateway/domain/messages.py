"""A message on its way into the journal, and what may come of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A valid message that waits for its commit. `payload` is JSON text.

    With a `key_digest` the request is idempotent; `request_digest` tells repeats from abuse.
    With `deliver_at` it waits in the journal for that time.
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

    @property
    def size_bytes(self) -> int:
        """What it takes in the journal and in Redis, about."""
        return len(self.payload) + 200


@dataclass(frozen=True, slots=True)
class Committed:
    """In the journal. `application_version` is the directory version of its application."""

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
    """What an idempotency key was used for. `message` is None when that request was refused
    for its `eventId`."""

    request_digest: bytes
    message: NewMessage | None
