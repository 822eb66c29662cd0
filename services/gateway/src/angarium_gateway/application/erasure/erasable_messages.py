"""Port to the journal for deleting the content of many messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ErasableMessage:
    """A message without its payload. `scheduled`: it waits for its delivery time. `expunged`: its
    payload was deleted."""

    application_id: bytes
    id: bytes
    event_id: str | None = None
    tags: tuple[str, ...] = ()
    scheduled: bool = False
    expunged: bool = False


@dataclass(frozen=True, slots=True)
class ForgottenRows:
    """The numbers of rows from which identifiers were deleted."""

    messages: int
    event_claims: int


class ErasableMessages(Protocol):
    """Messages of the journal, to be deleted. Every method raises `JournalUnavailable`."""

    async def page(
        self, application_id: bytes, *, after: bytes | None, before: bytes, limit: int
    ) -> Sequence[ErasableMessage]:
        """The first messages with ids above `after` and below `before`, of every kind."""

    async def named(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Sequence[ErasableMessage]:
        """Those of these messages (at most 250) that there are."""

    async def next_application(self, tenant_id: bytes, after: bytes | None) -> bytes | None:
        """The application with the lowest id above `after`, deleted ones included."""

    async def forget(self, application_id: bytes, message_id: bytes) -> ForgottenRows:
        """Delete a message's eventId, tags and trace. A repetition has no further effect."""

    async def naming_erased(
        self, tenant_id: bytes, operational_id: bytes, message_ids: Sequence[bytes]
    ) -> set[bytes]:
        """Those of these operational messages (at most 250) whose payload repeats the eventId of
        a message that has none any more."""
