"""Port for reading accepted messages from the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message. `payload` is its content, or None when it was not requested: the text
    of a JSON object, or any text if there is a `content_type`.

    A scheduled message is sent at `deliver_at`, unless it was cancelled before. `expunged`: its
    payload was deleted.
    """

    id: bytes
    event_type: str
    event_id: str | None
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    payload: bytes | None
    deliver_at: datetime | None = None
    canceled_at: datetime | None = None
    content_type: str | None = None
    expunged: bool = False


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """A filter of messages. `before` and `after` are exclusive, to the millisecond; `ids` is the
    range of ids, inclusive. A search has the last three, a list has not."""

    channel: str | None = None
    tag: str | None = None
    event_types: tuple[str, ...] | None = None
    before: datetime | None = None
    after: datetime | None = None
    ids: tuple[bytes, bytes] | None = None
    event_id: str | None = None
    event_id_prefix: str | None = None

    def looks_into(self) -> bool:
        """True if the filter depends on more than a message's time."""
        return any(
            each is not None
            for each in (self.channel, self.tag, self.event_types, self.event_id_prefix)
        )

    def matches(self, message: Message) -> bool:
        """True if the channel, tag and event type of the message match."""
        return (
            (self.channel is None or self.channel in (message.channels or ()))
            and (self.tag is None or self.tag in (message.tags or ()))
            and (self.event_types is None or message.event_type in self.event_types)
        )


@dataclass(frozen=True, slots=True)
class MessageWindow:
    """A part of a list: at most `limit` messages older than `past`, or newer with `backwards`. It
    begins with the newest message when `past` is None."""

    limit: int
    past: bytes | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first. Older ones follow past `oldest`, newer ones before `newest`.

    A page may be short or empty while `done` is False: the search was bounded, and the next page
    continues it.
    """

    items: Sequence[Message]
    done: bool
    oldest: bytes | None
    newest: bytes | None


class MessageJournal(Protocol):
    """Reads messages from the journal."""

    async def find(self, application_id: bytes, ref: str, *, with_content: bool) -> Message | None:
        """The message of the application with this id or eventId."""

    async def find_many(
        self, application_id: bytes, message_ids: Sequence[bytes], *, with_content: bool = False
    ) -> Mapping[bytes, Message]:
        """Those messages that belong to the application."""

    async def page(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> MessagePage:
        """A page of an application's messages."""


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message, and its application."""

    application_id: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class FoundMessages:
    """As `MessagePage`."""

    items: Sequence[FoundMessage]
    done: bool
    oldest: bytes | None
    newest: bytes | None


class TooManyApplications(Exception):
    """A search of a whole tenant would examine messages of more than `at_most` applications."""

    def __init__(self, at_most: int) -> None:
        super().__init__(
            f"With these filters, messages of more than {at_most:,} applications cannot be searched"
            " at once. Search in an application, or by `id_prefix`, `event_id`, `before` and"
            " `after` only."
        )


class MessageSearch(Protocol):
    """Searches the messages of a tenant. Raises `JournalUnavailable`, and `TooManyApplications`."""

    async def search(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> FoundMessages:
        """A page of the messages of an application, or of all applications of the tenant."""
