"""Which messages of an application may not be with the workers yet, for ordered endpoints."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.operational import OrderRange


class OpenMessageSearch(Protocol):
    """Looks through the open batches of all replicas."""

    async def first_open(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """Of each range the first message whose batch is open; None: none is.

        Under a backlog the answer may be a message of the range before that one, never one after
        it: whoever asks waits longer than needed then. Batches that were set aside do not count,
        nor messages that wait for a time of their own. Raises `JournalUnavailable`.
        """

    async def newest(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """Of each range the last message; None: there is none. Raises `JournalUnavailable`."""
