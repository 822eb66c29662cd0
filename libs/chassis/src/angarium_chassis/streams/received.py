"""What a reader hands to a handler."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .leases import EntryLeases


@dataclass(frozen=True, slots=True)
class Received[T]:
    """An entry of a consumer group, in this process's hands until it is acknowledged.

    `redelivered`: an earlier consumer got it and did not finish.
    """

    stream: str
    group: str
    entry_id: bytes
    value: T
    redelivered: bool
    leases: "EntryLeases"

    @property
    def held(self) -> bool:
        """False when another consumer has taken the entry over meanwhile."""
        return self.leases.holds(self.entry_id)


type Handler[T] = Callable[[Sequence[Received[T]]], Awaitable[None]]
"""Handles a batch. It may return before the work is done; what it does not acknowledge
(`StreamWriter.write`) stays in hand. Raising gives the batch back, to be tried again."""
