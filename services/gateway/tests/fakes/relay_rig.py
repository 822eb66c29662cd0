"""A relay between a journal and streams that are models."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from angarium_chassis.tracing.spans import Spans
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import StoredBatch
from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable
from angarium_gateway.build_hot_path import HotPathLimits, HotPathPorts, build_hot_path
from angarium_gateway.domain.messages import NewMessage
from angarium_gateway.domain.open_batches import OpenBatch

from .journal_model import (
    OWNER,
    JournalModel,
    Row,
    Trouble,
    a_message,
    accepted,
    new_id,
)
from .simulated_time import now_s

WINDOW_BYTES = 10_000
STREAM_NUMBERS = range(8)


class StreamModel:
    """The port `PublishBatches`: what was published, in order."""

    def __init__(self) -> None:
        self.entries: list[StoredBatch] = []
        self.trouble = Trouble(StreamUnavailable)
        self.probes = 0
        self.open = asyncio.Event()
        self.open.set()
        self.away: set[int] = set()
        """The numbers of streams that are not available."""

    async def __call__(self, batches: Sequence[StoredBatch]) -> Sequence[bytes | None]:
        await self.trouble.before()
        if not batches:
            self.probes += 1
            return ()
        await self.open.wait()
        found = [batch for batch in batches if batch.stream_number not in self.away]
        self.entries.extend(found)
        await self.trouble.after()
        entry_ids = iter(
            [b"%d-0" % (len(self.entries) - position) for position in range(len(found))]
        )
        return [None if batch.stream_number in self.away else next(entry_ids) for batch in batches]

    @property
    def publications(self) -> list[tuple[bytes, int]]:
        return [(batch.id, batch.publication) for batch in self.entries]

    @property
    def ids(self) -> list[bytes]:
        return [batch.id for batch in self.entries]


class WatchModel:
    """The port `StreamWatch`: says what the test sets."""

    def __init__(self) -> None:
        self.name = "run 1"
        self.left: set[bytes] = set()
        self.away = False
        self.looks = 0

    async def identities(self, numbers: Collection[int]) -> Mapping[int, str]:
        await asyncio.sleep(0)
        if self.away:
            raise StreamUnavailable("does not answer")
        self.looks += 1
        return dict.fromkeys({*STREAM_NUMBERS, *numbers}, self.name)

    async def passed(self, batches: Sequence[OpenBatch]) -> list[OpenBatch]:
        await asyncio.sleep(0)
        return [batch for batch in batches if batch.batch_id in self.left]


class ScheduleModel:
    """The port `Schedule`: times in simulated seconds; what is opened goes into the journal."""

    def __init__(self, journal: JournalModel) -> None:
        self.journal = journal
        self.times: list[float] = []
        self.trouble = Trouble(JournalUnavailable)
        self.looked_at_s: list[float] = []
        self.held_by_another = False
        self.on_look: Callable[[], None] = lambda: None

    async def next_due_in_s(self) -> float | None:
        self.looked_at_s.append(now_s())
        await self.trouble.before()
        self.on_look()
        return min(self.times) - now_s() if self.times else None

    async def open_due(self, owner: str, *, stream_count: int) -> int:
        await self.trouble.before()
        if self.held_by_another:
            return 0
        due = [one for one in self.times if one <= now_s()]
        self.times = [one for one in self.times if one > now_s()]
        for _ in due:
            message = a_message()
            self.journal.rows[message.id] = Row(
                message.id, owner, False, message.size_bytes, (accepted(message),)
            )
        await self.trouble.after()
        return len(due)

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        raise NotImplementedError


class Rig:
    """The hot path of one replica between a journal and streams that are models."""

    def __init__(
        self,
        window_bytes: int = WINDOW_BYTES,
        *,
        stream_count: int = 1,
        waiting_max: int = 100,
        spans: Spans | None = None,
    ) -> None:
        self.journal = JournalModel()
        self.schedule = ScheduleModel(self.journal)
        self.streams = StreamModel()
        self.watch = WatchModel()
        self.ports = HotPathPorts(
            journal=self.journal,
            batches=self.journal,
            schedule=self.schedule,
            publish=self.streams,
            watch=self.watch,
        )
        limits = HotPathLimits(
            window_bytes=window_bytes, stream_count=stream_count, waiting_max=waiting_max
        )
        self.path = build_hot_path(self.ports, limits, owner=OWNER, clock_s=now_s, spans=spans)
        self.window, self.relay = self.path.window, self.path.relay

    async def commit(self, *messages: NewMessage, stream_number: int = 0) -> StoredBatch:
        """What a group commit does, with a message of 300 bytes unless told otherwise."""
        group = messages or (a_message(),)
        size_bytes = sum(one.size_bytes for one in group)
        since_s = now_s()
        publish = self.relay.reserve(size_bytes)
        batch = NewBatch(new_id(), OWNER, stream_number, publish, group)
        await self.journal.commit(batch)
        stored = self.journal.rows[batch.id].stored()
        self.relay.committed(stored, published=publish, since_s=since_s)
        return stored

    def settle(self, batch: StoredBatch) -> None:
        """As settlement does it: the batch is closed, and there is room again."""
        assert self.window.settle(batch.id, batch.publication, 0, 1, now_s())
        del self.journal.rows[batch.id]
        self.relay.room_returned()
