"""Port to the open batches of the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium_contracts.hot_path import AcceptedMessage, MessagesAccepted

from angarium_gateway.domain.batch_states import BatchChange

LOADED_MAX = 64
"""Batches that one load takes from the backlog."""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch of the journal, ready to be published."""

    id: bytes
    stream_number: int
    publication: int
    size_bytes: int
    messages: tuple[AcceptedMessage, ...]

    def entry(self, settle_to: str) -> MessagesAccepted:
        """The entry for `messages.accepted`. Chunks are reported as settled to `settle_to`."""
        return MessagesAccepted(
            batch_id=self.id,
            publication=self.publication,
            settle_to=settle_to,
            messages=self.messages,
        )


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`known`: this replica was still registered, so no other one has adopted its batches. `dead`:
    the number of other replicas that have been silent for too long."""

    known: bool
    dead: int


class BatchStore(Protocol):
    """The open batches of all replicas. Every method raises `JournalUnavailable`, and then may have
    taken effect. Changes by a replica that no longer owns a batch have no effect: this is the fence
    against a process that was taken for dead."""

    async def unpublished(self, owner: str, *, bytes_max: int) -> list[StoredBatch]:
        """The oldest unpublished batches of an owner, marked as published.

        As many as fit `bytes_max`, at least one if there is any, at most `LOADED_MAX`.
        """

    async def published(self, owner: str) -> list[bytes]:
        """The ids of an owner's batches that are marked as published, oldest first, at most
        10,000."""

    async def change(self, owner: str, ids: Sequence[bytes], change: BatchChange) -> None:
        """Carry out `NEVER_SENT`, `LOST` or `GIVEN_UP` on these batches, where `owner` still owns
        them."""

    async def close(self, owner: str, ids: Sequence[bytes]) -> None:
        """Delete settled batches, where `owner` still owns them."""

    async def heartbeat(self, owner: str, *, dead_after_s: float) -> Heartbeat:
        """Register this replica as alive, and count the dead ones."""

    async def adopt(self, owner: str, *, dead_after_s: float) -> int:
        """Become the owner of batches whose replica is dead or unknown; the number of batches."""

    async def retire(self, owner: str) -> None:
        """Allow other replicas to adopt this one's batches immediately."""
