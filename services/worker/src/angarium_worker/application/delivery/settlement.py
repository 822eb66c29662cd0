"""The port to the stream that settlements are published on."""

from collections.abc import Callable
from typing import Protocol

from .chunk import Chunk


class Settlement[Receipt](Protocol):
    """Acknowledges chunks and publishes that they are settled."""

    def settled(self, chunk: Chunk[Receipt], done: Callable[[], None], *, awaited: bool) -> None:
        """Publish and acknowledge, however long it takes; then call `done`. `awaited`: something
        waits for it, so that it must not gather for long."""
        ...

    def refused(self, chunk: Chunk[Receipt]) -> None:
        """Leave the chunk unacknowledged, for the next reader: its outcome cannot be recorded."""
        ...
