"""The journal and its open batches in memory, with trouble on demand."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from angarium_contracts.hot_path import AcceptedMessage
from angarium_gateway.application.accept.journal import NewBatch
from angarium_gateway.application.publish.batch_store import LOADED_MAX, Heartbeat, StoredBatch
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.batch_states import BatchChange, BatchState
from angarium_gateway.domain.messages import (
    CommitOutcome,
    Committed,
    EarlierRequest,
    NewMessage,
)
from msgspec.structs import replace

OWNER = "me"
TENANT, APPLICATION = b"t" * 16, b"a" * 16
_numbers = itertools.count(1)


def new_id() -> bytes:
    """The next 16-byte id."""
    return next(_numbers).to_bytes(16)


def new_ids(count: int) -> list[bytes]:
    """The next ids."""
    return [new_id() for _ in range(count)]


def a_message(**more: Any) -> NewMessage:
    """A message of 300 bytes in the window."""
    made = NewMessage(new_id(), TENANT, APPLICATION, "a.b", b'{"a": "' + b"x" * 91 + b'"}')
    return replace(made, **more)


def accepted(message: NewMessage) -> AcceptedMessage:
    return AcceptedMessage(
        id=message.id,
        tenant_id=message.tenant_id,
        application_id=message.application_id,
        application_version=1,
        event_type=message.event_type,
        payload=message.payload,
        trace=message.trace,
        tags=message.tags,
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
        self.claims: dict[tuple[bytes, str], bytes] = {}
        self.dead: set[str] = set()
        self.known: set[str] = set()
        self.scheduled: list[NewMessage] = []
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

    async def schedule(self, messages: Sequence[NewMessage]) -> Sequence[CommitOutcome]:
        await self.trouble.before()
        outcomes = [self.outcomes.get(one.id, Committed(1)) for one in messages]
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self.scheduled.append(message)
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

    async def claimed(
        self, events: Sequence[tuple[bytes, str]]
    ) -> Mapping[tuple[bytes, str], bytes]:
        await self.trouble.before()
        return {event: self.claims[event] for event in events if event in self.claims}

    async def unpublished(self, owner: str, *, bytes_max: int) -> list[StoredBatch]:
        await self.trouble.before()
        self.loads += 1
        found: list[StoredBatch] = []
        for row in sorted(self.rows.values(), key=lambda one: one.id):
            if row.owner != owner or row.published:
                continue
            bytes_max -= row.size_bytes
            if (found and bytes_max < 0) or len(found) == LOADED_MAX:
                break
            found.append(row.stored())
        for batch in found:
            self.rows[batch.id].published = True
        await self.trouble.after()
        return found

    async def published(self, owner: str) -> list[bytes]:
        await self.trouble.before()
        found = [row.id for row in self.rows.values() if row.owner == owner and row.published]
        await self.trouble.after()
        return found

    async def change(self, owner: str, ids: Sequence[bytes], change: BatchChange) -> None:
        await self.trouble.before()
        for row in self._owned(owner, ids):
            row.published = change.target is not BatchState.UNPUBLISHED
            row.publication += change.republished
            if change.target is BatchState.SET_ASIDE:
                row.owner = "set-aside"
                self.aside.append(row.id)
        await self.trouble.after()

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
