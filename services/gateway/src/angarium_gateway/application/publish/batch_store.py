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
    """A batch as the journal has it, ready to be published."""

    id: bytes
    stream_number: int
    publication: int
    size_bytes: int
    messages: tuple[AcceptedMessage, ...]

    def entry(self, settle_to: str) -> MessagesAccepted:
        """Its stream entry."""
        return MessagesAccepted(
            batch_id=self.id,
            publication=self.publication,
            settle_to=settle_to,
            messages=self.messages,
        )


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`known`: this replica was on record, nobody had taken it for dead. `dead`: how many
    others have been silent for too long."""

    known: bool
    dead: int


class BatchStore(Protocol):
    """The open batches. Every method raises `JournalUnavailable`."""

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
        """Say that this replica lives, and look for those that do not."""

    async def adopt(self, owner: str, *, dead_after_s: float) -> int:
        """Take over batches whose replica is dead or unknown; how many."""

    async def retire(self, owner: str) -> None:
        """Let others adopt this replica's batches at once."""
