"""The relay publishes committed batches while the window has room; the rest waits in the
journal."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from angarium_chassis.tracing.spans import Kind, Spans

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable
from angarium_gateway.domain.batch_states import LOST, NEVER_SENT, BatchChange
from angarium_gateway.domain.open_batches import OpenBatch, OpenBatches

from .batch_store import LOADED_MAX, BatchStore, StoredBatch

RETRY_S = 0.5
READY_S_MAX = 5.0
"""A batch that this replica last knew to own longer ago is returned to the journal instead of being
published: a process that stood still for so long may have been taken for dead, and another replica
may have adopted and published the batch. Shorter than `membership.DEAD_AFTER_S`."""
LOADED_BYTES_MAX = 2 * 1024 * 1024
PUBLISHED_AT_ONCE_MAX = 16
MARKED_AT_ONCE_MAX = 5_000

log = structlog.get_logger()


class PublishBatches(Protocol):
    """Publishes to `messages.accepted`."""

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes | None]:
        """Add one entry per batch; the entry ids, in order. None stands for a batch whose stream is
        not available, while others are. Without batches it only checks that Redis answers. Raises
        `StreamUnavailable`."""


class Relay:
    """Publishes this replica's batches. `run()` until cancelled.

    While the journal holds a backlog, new batches are appended to it instead of being published
    directly, so that messages leave in the order of their commits. This stops when a load nearly
    reaches the end of the backlog: under steady load it would otherwise never be found empty, and
    every message would pay for the extra read of the journal.
    """

    def __init__(
        self,
        publish: PublishBatches,
        batches: BatchStore,
        window: OpenBatches,
        *,
        owner: str,
        clock_s: Callable[[], float],
        spans: Spans | None = None,
    ) -> None:
        self._publish = publish
        self._batches = batches
        self._window = window
        self._owner = owner
        self.clock_s = clock_s
        self._spans = spans
        self._ready: deque[tuple[StoredBatch, float]] = deque()
        self._unsent: dict[bytes, BatchChange] = {}
        self._backlog = True
        self._backlog_grew = False
        self._joining = True
        self._redis_failed = False
        self._work = asyncio.Event()
        self._work.set()

    def reserve(self, size_bytes: int) -> bool:
        """Reserve room for a batch that is about to be committed; False when it must join the
        backlog."""
        self._joining = self._joining or not self._window.reserve(size_bytes)
        return not self._joining

    def committed(self, batch: StoredBatch, *, published: bool, since_s: float) -> None:
        """Take over a committed batch: publish it if room was reserved (`published`), else look for
        it in the backlog. `since_s` is the time just before the commit."""
        if not published:
            self.look_for_backlog()
        elif batch.messages:
            self._ready.append((batch, since_s))
            self._work.set()
        else:
            self._window.give_back(batch.size_bytes)

    def doubtful(self, batch_id: bytes, reserved_bytes: int) -> None:
        """A commit failed but may have taken place; if so, its batch is marked as published and
        nobody would publish it. It is returned to the backlog, which has no effect on a batch that
        does not exist."""
        self._window.give_back(reserved_bytes)
        self._unsent[batch_id] = NEVER_SENT
        self._joining = True
        self.look_for_backlog()

    def publish_again(self, batch_ids: Sequence[bytes]) -> None:
        """Return lost batches to the backlog, to be published as `redelivered`."""
        for batch_id in batch_ids:
            self._window.take(batch_id)
            self._unsent[batch_id] = LOST
        if batch_ids:
            self._joining = True
            self.look_for_backlog()

    def look_for_backlog(self) -> None:
        """Read the backlog: the journal may hold batches to publish."""
        self._backlog = True
        self._backlog_grew = True
        self._work.set()

    def room_returned(self) -> None:
        """Batches were settled, so there may be room for the backlog."""
        if self._backlog:
            self._work.set()

    def tracked(self) -> set[bytes]:
        """The batches that are open, about to be published or about to be returned."""
        return {*self._window.ids(), *(batch.id for batch, _ in self._ready), *self._unsent}

    async def run(self) -> None:
        """Relay until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                await self._send_ready()
                await self._return_unsent()
                await self._send_backlog()
            except (StreamUnavailable, JournalUnavailable) as error:
                log.warning("relay.waits", error=str(error))
                self._work.set()
                await asyncio.sleep(RETRY_S)

    async def _send_ready(self) -> None:
        # Batches that become ready in the meantime are left for the next round: under steady load
        # the backlog would otherwise never get its turn.
        left = len(self._ready)
        while left:
            count = min(left, PUBLISHED_AT_ONCE_MAX)
            left -= count
            next_ones = [self._ready.popleft() for _ in range(count)]
            fresh = [each for each in next_ones if self._still_ours(*each)]
            if fresh:
                await self._send(fresh)

    def _still_ours(self, batch: StoredBatch, since_s: float) -> bool:
        """Check that no other replica can have adopted the batch; if one can, return the batch."""
        if self.clock_s() - since_s <= READY_S_MAX:
            return True
        self.doubtful(batch.id, batch.size_bytes)
        return False

    async def _send(self, owned: Sequence[tuple[StoredBatch, float]]) -> None:
        """Publish batches that have room reserved, each with the time just before it was committed
        or loaded. After a failure Redis may or may not have them, so they are returned as lost.

        The window is opened first: their chunks may be settled before the answer to the
        publication arrives, and settlements of unknown batches are ignored.
        """
        now_s = self.clock_s()
        batches: list[StoredBatch] = []
        for batch, since_s in owned:
            batches.append(batch)
            self._window.open(
                OpenBatch(
                    batch.id,
                    batch.stream_number,
                    batch.publication,
                    batch.size_bytes,
                    now_s,
                    since_s=since_s,
                )
            )
        began_ns = 0 if self._spans is None else self._spans.now_ns()
        try:
            entry_ids = await self._publish(batches)
        except BaseException:
            self._redis_failed = True
            self.publish_again([batch.id for batch in batches])
            raise
        self._redis_failed = False
        failed: list[bytes] = []
        for batch, entry_id in zip(batches, entry_ids, strict=True):
            if entry_id is None:
                failed.append(batch.id)
            else:
                self._window.published(batch.id, entry_id)
        if self._spans is not None:
            _record(self._spans, batches, began_ns)
        if failed:
            self.publish_again(failed)
            raise StreamUnavailable(f"streams of {len(failed)} batches are not available")

    async def _return_unsent(self) -> None:
        """Mark batches as unpublished in the journal. Until the journal has answered they stay in
        `_unsent`: forgetting one would leave it marked as published, with nobody to publish it."""
        for change in (LOST, NEVER_SENT):
            ids = [batch_id for batch_id, due in self._unsent.items() if due is change]
            for start in range(0, len(ids), MARKED_AT_ONCE_MAX):
                some = ids[start : start + MARKED_AT_ONCE_MAX]
                await self._batches.change(self._owner, some, change)
                self._backlog = True
                for batch_id in some:
                    del self._unsent[batch_id]

    async def _send_backlog(self) -> None:
        if self._redis_failed:
            await self._publish(())
        while self._backlog and self._window.room_for_more:
            # Cleared before the load: a batch that joins during the load may not be in its answer,
            # and must be found by another one.
            self._backlog_grew = False
            since_s = self.clock_s()
            bytes_max = min(self._window.room_bytes, LOADED_BYTES_MAX)
            loaded = await self._batches.unpublished(self._owner, bytes_max=bytes_max)
            loaded_bytes = sum(batch.size_bytes for batch in loaded)
            if 2 * len(loaded) <= LOADED_MAX and 2 * loaded_bytes <= bytes_max:
                # The end of the backlog is near: batches that are committed from now on may be
                # published directly, after those of this load.
                self._joining = False
            if not loaded:
                self._backlog = self._backlog_grew
                continue
            self._window.take_room(loaded_bytes)
            await self._send(
                [(batch, since_s) for batch in loaded if self._still_ours(batch, since_s)]
            )
            if self._joining:
                await self._send_ready()


def _record(spans: Spans, batches: Sequence[StoredBatch], began_ns: int) -> None:
    for batch in batches:
        attributes = {
            "messaging.batch.message_count": len(batch.messages),
            "angarium.publication": batch.publication,
        }
        spans.record_each("relay", Kind.PRODUCER, batch.messages, began_ns, attributes)
