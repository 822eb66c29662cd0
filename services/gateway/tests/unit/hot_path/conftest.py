"""The hot path over models: simulated time, a journal in memory, streams that fail on demand."""

import asyncio
import functools
import itertools
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from angarium_contracts.hot_path import AcceptedMessage
from angarium_gateway.application.journal import (
    Heartbeat,
    JournalUnavailable,
    NewBatch,
    StoredBatch,
)
from angarium_gateway.application.relay import Relay, StreamUnavailable
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EarlierRequest,
    NewMessage,
)
from angarium_gateway.domain.open_batches import OpenBatches

OWNER = "me"
TENANT, APPLICATION = b"t" * 16, b"a" * 16
WINDOW_BYTES = 10_000
_numbers = itertools.count(1)


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        self._now_s += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: SimulatedTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing is left to happen: the test waits for ever")
        self._loop.advance(max(0.0, timeout))
        return super().select(0)


def simulated[**P](test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in simulated time: a sleep costs nothing and is exact."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SimulatedTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def now_s() -> float:
    """The simulated time."""
    return asyncio.get_running_loop().time()


def new_id() -> bytes:
    """The next 16-byte id."""
    return next(_numbers).to_bytes(16)


def a_message(**more: Any) -> NewMessage:
    """A message of 300 bytes in the window."""
    return replace(
        NewMessage(new_id(), TENANT, APPLICATION, "a.b", b'{"a": "' + b"x" * 91 + b'"}'), **more
    )


def accepted(message: NewMessage) -> AcceptedMessage:
    return AcceptedMessage(
        id=message.id,
        tenant_id=message.tenant_id,
        application_id=message.application_id,
        application_version=1,
        event_type=message.event_type,
        payload=message.payload,
    )


@dataclass
class Row:
    """A row of the table `batch`."""

    id: bytes
    owner: str
    published: bool
    size_bytes: int
    messages: tuple[AcceptedMessage, ...]
    stream_number: int = 0
    publication: int = 1

    def stored(self) -> StoredBatch:
        return StoredBatch(
            self.id, self.stream_number, self.publication, self.size_bytes, self.messages
        )


class Trouble:
    """Decides what fails: `down` everything; `once` the next call, before or after its effect."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error
        self.down = False
        self.once: str | None = None

    async def before(self) -> None:
        await asyncio.sleep(0)
        if self.down or self.once == "before":
            self.once = None
            raise self._error("does not answer")

    async def after(self) -> None:
        await asyncio.sleep(0)
        if self.once == "after":
            self.once = None
            raise self._error("the answer was lost")


class JournalModel:
    """The ports `Journal` and `BatchStore` in memory. Dead replicas are those in `dead`."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Row] = {}
        self.trouble = Trouble(JournalUnavailable)
        self.commits: list[NewBatch] = []
        self.stored: list[Row] = []
        self.outcomes: dict[bytes, CommitOutcome] = {}
        self.earlier_requests: dict[bytes, EarlierRequest] = {}
        self.dead: set[str] = set()
        self.known: set[str] = set()
        self.loads = 0
        self.aside: list[bytes] = []
        self.late: Callable[[Callable[[], None]], object] | None = None
        """With it a commit fails, and takes place when this runs what it is given."""

    async def commit(self, batch: NewBatch) -> Sequence[CommitOutcome]:
        await self.trouble.before()
        self.commits.append(batch)
        outcomes = [self.outcomes.get(one.id, Committed(1)) for one in batch.messages]
        if self.late is not None:
            late, self.late = self.late, None
            late(lambda: self._store(batch, outcomes))
            raise JournalUnavailable("the answer was lost")
        self._store(batch, outcomes)
        await self.trouble.after()
        return outcomes

    def _store(self, batch: NewBatch, outcomes: Sequence[CommitOutcome]) -> None:
        fresh = [
            one
            for one, outcome in zip(batch.messages, outcomes, strict=True)
            if isinstance(outcome, Committed)
        ]
        if fresh:
            self.rows[batch.id] = Row(
                batch.id,
                batch.owner,
                batch.published,
                sum(one.size_bytes for one in fresh),
                tuple(accepted(one) for one in fresh),
                batch.stream_number,
            )
            self.stored.append(self.rows[batch.id])

    async def earlier(self, key_digest: bytes) -> EarlierRequest | None:
        await self.trouble.before()
        return self.earlier_requests.get(key_digest)

    async def unpublished(self, owner: str, *, bytes_max: int) -> list[StoredBatch]:
        await self.trouble.before()
        self.loads += 1
        found: list[StoredBatch] = []
        for row in sorted(self.rows.values(), key=lambda one: one.id):
            if row.owner != owner or row.published:
                continue
            bytes_max -= row.size_bytes
            if (found and bytes_max < 0) or len(found) == 64:
                break
            found.append(row.stored())
        for batch in found:
            self.rows[batch.id].published = True
        await self.trouble.after()
        return found

    async def published(self, owner: str) -> list[bytes]:
        await self.trouble.before()
        return [row.id for row in self.rows.values() if row.owner == owner and row.published]

    async def mark_unpublished(self, owner: str, ids: Sequence[bytes], *, redeliver: bool) -> None:
        await self.trouble.before()
        for row in self._owned(owner, ids):
            row.published = False
            row.publication += redeliver
        await self.trouble.after()

    async def set_aside(self, owner: str, batch_id: bytes) -> None:
        await self.trouble.before()
        for row in self._owned(owner, [batch_id]):
            row.owner = "set-aside"
            self.aside.append(batch_id)

    async def close(self, owner: str, ids: Sequence[bytes]) -> None:
        await self.trouble.before()
        for row in self._owned(owner, ids):
            del self.rows[row.id]
        await self.trouble.after()

    async def heartbeat(self, owner: str, *, dead_after_s: float) -> Heartbeat:
        await self.trouble.before()
        known = owner in self.known
        self.known.add(owner)
        return Heartbeat(known, len(self.dead))

    async def adopt(self, owner: str, *, dead_after_s: float) -> int:
        await self.trouble.before()
        adopted = 0
        for row in self.rows.values():
            if row.owner not in self.known and row.owner != "set-aside":
                row.publication += row.published
                row.owner, row.published = owner, False
                adopted += 1
        self.dead.clear()
        return adopted

    async def retire(self, owner: str) -> None:
        await self.trouble.before()
        self.known.discard(owner)
        self.dead.add(owner)

    def _owned(self, owner: str, ids: Iterable[bytes]) -> list[Row]:
        rows = [self.rows[one] for one in dict.fromkeys(ids) if one in self.rows]
        return [row for row in rows if row.owner == owner]

    def backlog(self, count: int, owner: str = OWNER) -> list[bytes]:
        """Add unpublished batches of one message each; their ids."""
        ids = [new_id() for _ in range(count)]
        for batch_id in ids:
            message = a_message()
            self.rows[batch_id] = Row(
                batch_id, owner, False, message.size_bytes, (accepted(message),)
            )
        return ids


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
        publish = self.relay.reserve(size_bytes)
        batch = NewBatch(new_id(), OWNER, 0, publish, group)
        await self.journal.commit(batch)
        stored = self.journal.rows[batch.id].stored()
        self.relay.committed(stored, published=publish)
        return stored

    def settle(self, batch: StoredBatch) -> None:
        """As settlement does it: the batch is closed, and the backlog may have room."""
        assert self.window.settle(batch.id, batch.publication, 0, 1, now_s())
        del self.journal.rows[batch.id]
        if self.relay.backlog:
            self.relay.look_for_backlog()


class Running:
    """Runs work beside a test until the test leaves; the work's own error fails the test."""

    def __init__(self, *works: Callable[[], Awaitable[None]]) -> None:
        self._works = works
        self.tasks: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        self.tasks = [asyncio.ensure_future(work()) for work in self._works]
        await quiet()

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task


async def quiet() -> None:
    """Let everything happen that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)
