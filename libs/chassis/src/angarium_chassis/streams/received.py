"""Entries that a group reader passes to its handler."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .leases import EntryLeases


@dataclass(frozen=True, slots=True)
class Received[T]:
    """An entry of a consumer group, leased to this process until it is acknowledged.

    `redelivered` is true if another consumer, or an earlier try, received it and did not finish.
    """

    stream: str
    group: str
    entry_id: bytes
    value: T
    redelivered: bool
    leases: "EntryLeases"

    @property
    def held(self) -> bool:
        """False once another consumer has taken the entry over."""
        return self.leases.holds(self.entry_id)


type Handler[T] = Callable[[Sequence[Received[T]]], Awaitable[None]]
"""Handles a batch. It may return before the work is done: entries stay leased until they are
acknowledged with `StreamWriter.write`. If it raises, the batch is tried again after its lease."""
