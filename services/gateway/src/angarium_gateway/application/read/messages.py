"""Reading accepted messages back from the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """An accepted message. `payload` is its JSON text; None when it was not asked for.

    A message with a time of its own goes out at `deliver_at`, unless it was cancelled first.
    """

    id: bytes
    event_type: str
    event_id: str | None
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    payload: bytes | None
    deliver_at: datetime | None = None
    canceled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What messages to list. Times bound the message's time, exclusive, to the millisecond."""

    channel: str | None = None
    tag: str | None = None
    event_types: tuple[str, ...] | None = None
    before: datetime | None = None
    after: datetime | None = None

    def looks_into(self) -> bool:
        """Whether it depends on more than a message's time."""
        return self.channel is not None or self.tag is not None or self.event_types is not None

    def matches(self, message: Message) -> bool:
        """Whether channel, tag and event type are those of `message`."""
        return (
            (self.channel is None or self.channel in (message.channels or ()))
            and (self.tag is None or self.tag in (message.tags or ()))
            and (self.event_types is None or message.event_type in self.event_types)
        )


@dataclass(frozen=True, slots=True)
class MessageWindow:
    """Which part of a list: at most `limit` messages older than `past` (newer, with
    `backwards`); from the newest on when `past` is None."""

    limit: int
    past: bytes | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first. Older ones follow past `oldest`, newer ones before `newest`.

    A page may be short, even empty, with `done` False: so much was looked through, and the
    next page goes on from there.
    """

    items: Sequence[Message]
    done: bool
    oldest: bytes | None
    newest: bytes | None


class MessageJournal(Protocol):
    """The journal, for reading."""

    async def find(self, application_id: bytes, ref: str, *, with_content: bool) -> Message | None:
        """The message that `ref`, an id or an eventId, names in this application."""

    async def find_many(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, Message]:
        """Those of these messages that are of this application, without their payloads."""

    async def page(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> MessagePage:
        """A page of an application's messages."""
