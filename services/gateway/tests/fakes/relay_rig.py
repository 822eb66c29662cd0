"""A relay between a journal and streams that are models."""

import asyncio
from collections.abc import Sequence

from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.publish.relay import Relay
from angarium_gateway.application.unavailable import StreamUnavailable
from angarium_gateway.domain.messages import NewMessage
from angarium_gateway.domain.open_batches import OpenBatches

from .journal_model import (
    OWNER,
    JournalModel,
    Trouble,
    a_message,
    new_id,
)
from .simulated_time import now_s

WINDOW_BYTES = 10_000


class StreamModel:
    """The port `PublishBatches`: what was published, in order."""

    def __init__(self) -> None:
        self.entries: list[StoredBatch] = []
        self.trouble = Trouble(StreamUnavailable)
        self.probes = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes]:
        await self.trouble.before()
        if not batches:
            self.probes += 1
            return ()
        await self.open.wait()
        self.entries.extend(batches)
        await self.trouble.after()
        return [b"%d-0" % (len(self.entries) - position) for position in range(len(batches))]

    @property
    def publications(self) -> list[tuple[bytes, int]]:
        return [(batch.id, batch.publication) for batch in self.entries]

    @property
    def ids(self) -> list[bytes]:
        return [batch.id for batch in self.entries]


class Rig:
    """A relay between a journal and streams, all models."""

    def __init__(self, window_bytes: int = WINDOW_BYTES) -> None:
        self.journal = JournalModel()
        self.streams = StreamModel()
        self.window = OpenBatches(window_bytes)
        self.relay = Relay(self.streams, self.journal, self.window, owner=OWNER, clock_s=now_s)

    async def commit(self, *messages: NewMessage) -> StoredBatch:
        """What a group commit does, with a message of 300 bytes unless told otherwise."""
        group = messages or (a_message(),)
        size_bytes = sum(one.size_bytes for one in group)
        since_s = now_s()
        publish = self.relay.reserve(size_bytes)
        batch = NewBatch(new_id(), OWNER, 0, publish, group)
        await self.journal.commit(batch)
        stored = self.journal.rows[batch.id].stored()
        self.relay.committed(stored, published=publish, since_s=since_s)
        return stored

    def settle(self, batch: StoredBatch) -> None:
        """As settlement does it: the batch is closed, and there is room again."""
        assert self.window.settle(batch.id, batch.publication, 0, 1, now_s())
        del self.journal.rows[batch.id]
        self.relay.room_returned()
