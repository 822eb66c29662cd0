"""Port to the messages that may not have reached the workers yet, for ordered endpoints."""

from collections.abc import Sequence
from typing import Protocol

from angarium_contracts.operational import OrderRange


class OpenMessageSearch(Protocol):
    """Searches the open batches of all replicas."""

    async def first_open(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """For each range the first message whose batch is open, or None.

        Under a backlog the answer may be an earlier message of the range, never a later one, so
        the worker may wait longer than needed but never too short. Batches that are set aside and
        scheduled messages do not count. Raises `JournalUnavailable`.
        """

    async def newest(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """For each range the last message, or None. Raises `JournalUnavailable`."""
