"""Inboxes: each event is handled once, by a row in the handler's own transaction."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

TABLE_NAME = "angarium_inbox"
NAME_CHARS_MAX = 64
RETENTION_DAYS = 30
"""How long rows are kept by default: longer than senders repeat a webhook."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An event in an open transaction: `duplicate` if it was handled before."""

    duplicate: bool
    session: Any = None


class Inbox(Protocol):
    """Handles each event once, in a transaction of blocking code."""

    is_async: ClassVar[Literal[False]]

    def claim(self, receiver: str, key: str) -> AbstractContextManager[Claim]:
        """Open a transaction and insert the row of the event. Leaving the block commits row and
        work together, leaving it by an exception rolls both back."""


class AsyncInbox(Protocol):
    """As Inbox, for asyncio."""

    is_async: ClassVar[Literal[True]]

    def claim(self, receiver: str, key: str) -> AbstractAsyncContextManager[Claim]:
        """As that of Inbox."""
