"""Ports to the journal: accepted messages and their idempotency keys, durable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium_gateway.domain.messages import CommitOutcome, EarlierRequest, NewMessage


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Messages of one stream number that go into one transaction."""

    id: bytes
    owner: str
    stream_number: int
    published: bool
    messages: Sequence[NewMessage]


class Journal(Protocol):
    """Where accepted messages are durable."""

    async def commit(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        """Store messages, idempotency keys and the batch in one transaction.

        One outcome a message, in order. Messages whose key or event id is taken are left
        out, also when another of the same batch took it; a batch with none left is not
        stored. Raises `JournalUnavailable`.
        """

    async def earlier(self, key_digest: bytes) -> EarlierRequest | None:
        """What a taken key was used for. Raises `JournalUnavailable`."""


class ScheduledCommits(Protocol):
    """Where messages that have a `deliver_at` are durable."""

    async def schedule(self, messages: Sequence[NewMessage]) -> Sequence[CommitOutcome]:
        """Store messages, idempotency keys and their times in one transaction, without a batch.
        One outcome a message, in order, as of `Journal.commit`. Raises `JournalUnavailable`."""
