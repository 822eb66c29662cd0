"""The window: batches that this process has published and that are not settled."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class OpenBatch:
    """A published batch. `entry_id` is its stream entry, once Redis has given it. `since_s` is the
    time just before its commit, or before it was read from the backlog."""

    batch_id: bytes
    stream_number: int
    publication: int
    size_bytes: int
    progress_at_s: float
    entry_id: bytes | None = None
    chunks: int = 0
    chunks_settled: set[int] = field(default_factory=set)
    since_s: float | None = None


class OpenBatches:
    """Bounds the bytes in Redis and counts the settled chunks of each batch. Does no I/O.

    The window counts the bytes of open batches and of reservations for commits in flight.
    One batch larger than the whole window may go when nothing else is open.
    """

    def __init__(self, window_bytes: int) -> None:
        self._window_bytes = window_bytes
        self._open: dict[bytes, OpenBatch] = {}
        self._used_bytes = 0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, batch_id: bytes) -> bool:
        return batch_id in self._open

    @property
    def window_bytes(self) -> int:
        """Size of the window."""
        return self._window_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes of the window that are taken."""
        return self._used_bytes

    @property
    def room_bytes(self) -> int:
        """Bytes of the window that are free."""
        return max(0, self._window_bytes - self._used_bytes)

    @property
    def room_for_more(self) -> bool:
        """True if an eighth of the window is free, enough to make reading the backlog worth a
        query."""
        return self.room_bytes * 8 >= self._window_bytes

    def reserve(self, size_bytes: int) -> bool:
        """Reserve room for a batch that is about to be committed; False when there is none."""
        if self._used_bytes and self._used_bytes + size_bytes > self._window_bytes:
            return False
        self._used_bytes += size_bytes
        return True

    def take_room(self, size_bytes: int) -> None:
        """Reserve room without a check, for batches that were loaded to fit."""
        self._used_bytes += size_bytes

    def give_back(self, size_bytes: int) -> None:
        """Return reserved room."""
        self._used_bytes -= size_bytes

    def open(self, batch: OpenBatch) -> None:
        """Open a batch with room reserved, replacing an earlier publication of it."""
        self.take(batch.batch_id)
        self._open[batch.batch_id] = batch

    def published(self, batch_id: bytes, entry_id: bytes) -> None:
        """Record the entry id of a batch in Redis. The batch may be settled already."""
        batch = self._open.get(batch_id)
        if batch is not None:
            batch.entry_id = entry_id

    def settle(
        self, batch_id: bytes, publication: int, chunk: int, chunks: int, now_s: float
    ) -> bool:
        """Count a settled chunk; True if the batch is complete with it, and is closed.

        Chunks of another publication, of an unknown batch, or counted before are ignored: a late
        settlement of an earlier publication says nothing about the current one. When the batch was
        dispatched again into another number of chunks, counting starts again.
        """
        batch = self._open.get(batch_id)
        if batch is None or batch.publication != publication:
            return False
        batch.progress_at_s = now_s
        if chunks != batch.chunks:
            batch.chunks = chunks
            batch.chunks_settled.clear()
        batch.chunks_settled.add(chunk)
        if len(batch.chunks_settled) < chunks:
            return False
        self.take(batch_id)
        return True

    def first_settlement_after_s(self, batch_id: bytes, now_s: float) -> float | None:
        """The time since a batch was about to be committed; None if it is not known, or a chunk of
        the batch is settled already."""
        batch = self._open.get(batch_id)
        if batch is None or batch.since_s is None or batch.chunks_settled:
            return None
        return now_s - batch.since_s

    def take(self, batch_id: bytes) -> OpenBatch | None:
        """Remove a batch and free its room."""
        batch = self._open.pop(batch_id, None)
        if batch is not None:
            self._used_bytes -= batch.size_bytes
        return batch

    def without_progress_since(self, before_s: float) -> list[OpenBatch]:
        """Batches without a settled chunk since then."""
        return [batch for batch in self._open.values() if batch.progress_at_s < before_s]

    def longest_without_progress_s(self, now_s: float) -> float:
        """How long ago a chunk of the batch that has waited longest was settled, or the batch was
        published; 0 without any batch."""
        oldest_s = min((batch.progress_at_s for batch in self._open.values()), default=now_s)
        return max(0.0, now_s - oldest_s)

    def stream_numbers(self) -> set[int]:
        """The stream numbers of open batches."""
        return {batch.stream_number for batch in self._open.values()}

    def ids(self) -> Iterable[bytes]:
        """All open batches."""
        return tuple(self._open)

    def in_streams(self, numbers: Collection[int]) -> tuple[bytes, ...]:
        """The open batches of these stream numbers."""
        return tuple(
            batch.batch_id for batch in self._open.values() if batch.stream_number in numbers
        )
