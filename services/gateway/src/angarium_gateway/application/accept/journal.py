"""Ports to the journal: durable storage of accepted messages and their idempotency keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.domain.messages import CommitOutcome, EarlierRequest, NewMessage


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Messages of one stream number, to be stored in one transaction. `published`: there is room in
    the window, and the relay will publish the batch without reading it back."""

    id: bytes
    owner: str
    stream_number: int
    published: bool
    messages: Sequence[NewMessage]


class Journal(Protocol):
    """Stores accepted messages."""

    async def commit(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        """Store messages, idempotency keys and the batch in one transaction.

        One outcome per message, in order. Messages whose key or event id is taken, even by
        another message of the same batch, are left out; a batch without messages is not stored.
        Raises `JournalUnavailable`; the transaction may have been committed then.
        """

    async def earlier(self, key_digest: bytes) -> EarlierRequest | None:
        """The request that took a key. Raises `JournalUnavailable`."""

    async def claimed(
        self, events: Sequence[tuple[bytes, str]]
    ) -> Mapping[tuple[bytes, str], bytes]:
        """The ids of the messages that have these event ids, by application and event id; unknown
        ones are left out. Raises `JournalUnavailable`."""


class ScheduledCommits(Protocol):
    """Stores messages that have a `deliver_at`."""

    async def schedule(self, messages: Sequence[NewMessage]) -> Sequence[CommitOutcome]:
        """Store messages, idempotency keys and times in one transaction, without a batch. Outcomes
        and errors are those of `Journal.commit`."""
