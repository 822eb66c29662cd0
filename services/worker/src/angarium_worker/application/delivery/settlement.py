"""The port through which the world learns that a chunk is settled."""

from collections.abc import Callable
from typing import Protocol

from .chunk import Chunk


class Settlement[Receipt](Protocol):
    """Who tells that a chunk is settled."""

    def settled(self, chunk: Chunk[Receipt], done: Callable[[], None]) -> None:
        """Publish and acknowledge, however long it takes; then call `done`."""
        ...

    def refused(self, chunk: Chunk[Receipt]) -> None:
        """Leave the chunk to whoever reads it next: its outcome cannot be recorded."""
        ...
