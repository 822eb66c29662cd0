"""Ports to the journal for delivering its messages again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.domain.messages import NewMessage


@dataclass(frozen=True, slots=True)
class MessageHead:
    """A message of the journal without its payload. `expunged`: the payload was deleted."""

    id: bytes
    event_type: str
    payload_bytes: int
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    expunged: bool = False


@dataclass(frozen=True, slots=True)
class MessageRange:
    """Messages of an application accepted from `since` to `until` (inclusive, to the millisecond),
    in the order of their ids, starting after the id `after`."""

    application_id: bytes
    since: datetime
    until: datetime
    after: bytes | None = None


class ReplayedMessages(Protocol):
    """Reads messages to be delivered again. Every method raises `JournalUnavailable`."""

    async def heads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Mapping[bytes, MessageHead]:
        """The heads of those messages (at most 250) that belong to the application."""

    async def heads_in(self, within: MessageRange, *, limit: int) -> Sequence[MessageHead]:
        """The first messages of a range. Messages for one endpoint only, scheduled messages that
        are not due yet, and cancelled messages are left out."""

    async def still_open(self, application_id: bytes, ids: Collection[bytes]) -> set[bytes]:
        """Those messages that are in an open batch, so their first deliveries may be pending."""

    async def with_payloads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Sequence[NewMessage]:
        """The complete messages, in the order of `ids`, without those whose payload was deleted.
        The caller bounds their size."""


class TargetedMessages(Protocol):
    """Stores messages that are for one endpoint only."""

    async def store(self, message: NewMessage) -> None:
        """Store a message without a batch. It is listed and read like any other, and never
        delivered to another endpoint. Raises `JournalUnavailable`."""
