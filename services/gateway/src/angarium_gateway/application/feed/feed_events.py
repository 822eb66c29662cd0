"""Events of the stream, and the position of a listener in it."""

import re
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, Self

from angarium_contracts.attempts import Attempt
from angarium_contracts.directory import EndpointState

from angarium_gateway.application.read.messages import Message


@unique
class EventKind(StrEnum):
    """Types of events."""

    MESSAGE_ACCEPTED = "message.accepted"
    ATTEMPT_SUCCEEDED = "attempt.succeeded"
    ATTEMPT_FAILED = "attempt.failed"
    MESSAGE_EXHAUSTED = "message.exhausted"
    """An attempt failed after which no other is scheduled."""
    ENDPOINT_CHANGED = "endpoint.changed"
    """It was created or changed, and is enabled."""
    ENDPOINT_DISABLED = "endpoint.disabled"
    """It was created or changed, and is disabled."""
    ENDPOINT_DELETED = "endpoint.deleted"


ATTEMPT_KINDS: Final = frozenset(
    {EventKind.ATTEMPT_SUCCEEDED, EventKind.ATTEMPT_FAILED, EventKind.MESSAGE_EXHAUSTED}
)
ENDPOINT_KINDS: Final = frozenset(
    {EventKind.ENDPOINT_CHANGED, EventKind.ENDPOINT_DISABLED, EventKind.ENDPOINT_DELETED}
)
_POSITION: Final = re.compile(r"([0-9]{1,14})-([0-9]{1,14})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message, without its payload, and its application."""

    application_id: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event. `at_ms` is Unix time; of an endpoint, when the change was noticed."""

    kind: EventKind
    at_ms: int
    subject: AcceptedMessage | Attempt | EndpointState


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Times (Unix, in milliseconds) up to which messages and attempts were read, and the directory
    version up to which changes of endpoints were; None: its current version."""

    messages_ms: int
    attempts_ms: int
    directory_version: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The position that `str` wrote; None for any other text."""
        found = _POSITION.fullmatch(text)
        return None if found is None else cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.messages_ms}-{self.attempts_ms}-{self.directory_version or 0}"


@dataclass(frozen=True, slots=True)
class FeedScope:
    """The scope of a listener: one application, or with None all of its tenant; of these, `kinds`
    of events, one endpoint, and messages of some event types."""

    tenant_id: bytes
    application_id: bytes | None = None
    kinds: frozenset[EventKind] = frozenset(EventKind)
    endpoint_id: bytes | None = None
    event_types: tuple[str, ...] | None = None

    @property
    def wants_messages(self) -> bool:
        """True if messages must be read. They have no endpoint when they are accepted."""
        return EventKind.MESSAGE_ACCEPTED in self.kinds and self.endpoint_id is None

    @property
    def wants_attempts(self) -> bool:
        """True if attempts must be read."""
        return not ATTEMPT_KINDS.isdisjoint(self.kinds)

    @property
    def wants_endpoints(self) -> bool:
        """True if changes of endpoints must be read."""
        return not ENDPOINT_KINDS.isdisjoint(self.kinds)
