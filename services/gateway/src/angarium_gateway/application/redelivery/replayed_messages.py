"""The journal for those who deliver messages of it again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.domain.messages import NewMessage


@dataclass(frozen=True, slots=True)
class MessageHead:
    """A message of the journal without its payload. `payload_bytes` 0: its content is gone.
    `tags` as the client gave them."""

    id: bytes
    event_type: str
    payload_bytes: int
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRange:
    """Messages of an application accepted from `since` to `until` (inclusive, to the
    millisecond), in the order of ids, after the id `after`."""

    application_id: bytes
    since: datetime
    until: datetime
    after: bytes | None = None


class ReplayedMessages(Protocol):
    """Reads messages to be delivered again. Every method raises `JournalUnavailable`."""

    async def heads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Mapping[bytes, MessageHead]:
        """Those of these messages (at most 250) that are of this application."""

    async def heads_in(self, within: MessageRange, *, limit: int) -> Sequence[MessageHead]:
        """The first messages of a range that are for every endpoint that wants them: not those
        that were sent to one endpoint only, nor those that are scheduled and were not due yet,
        or were cancelled before."""

    async def still_open(self, application_id: bytes, ids: Collection[bytes]) -> set[bytes]:
        """Those that are in an open batch: their first deliveries are on their way."""

    async def with_payloads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Sequence[NewMessage]:
        """These messages in full, in the order of `ids`; who asks bounds their bytes."""


class TargetedMessages(Protocol):
    """Puts messages on record that are for one endpoint only."""

    async def store(self, message: NewMessage) -> None:
        """Commit it, without a batch: it is listed and read as any other, and never delivered
        to another endpoint. Raises `JournalUnavailable`."""
