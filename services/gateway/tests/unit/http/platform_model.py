"""The platform in memory: Redis and the journal as operators see them, and quarantines."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from angarium_chassis.examination.findings import Finding, ok
from angarium_chassis.examination.group_state import Consumer, GroupState
from angarium_chassis.examination.process_state import PoolState, ProcessState
from angarium_chassis.statistics.resolutions import Resolution
from angarium_chassis.streams.quarantined_entry import QuarantinedEntry
from angarium_contracts.examination import ExamineService, ServiceExamined, ServiceFinding
from angarium_gateway.application.platform.backlog_series import BacklogPoint
from angarium_gateway.application.platform.platform import PlatformPorts
from angarium_gateway.application.platform.platform_state import Backlog, Processes, RedisServer
from angarium_gateway.application.platform.quarantine import QuarantineWork, SetAsideBatch
from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable

NOW_MS = 1_900_000_000_000


def a_process(service: str, *, seen_ago_ms: int = 1_000, number: int = 1) -> ProcessState:
    return ProcessState(
        service=service,
        id=f"{service}{number}",
        version="0.1.0",
        host="machine",
        pid=number,
        started_at_ms=NOW_MS - 60_000,
        clock_ms=NOW_MS - seen_ago_ms,
        seen_at_ms=NOW_MS - seen_ago_ms,
        database_pool=PoolState(8, 1),
    )


@dataclass
class StreamsModel:
    """Implements `StreamsPort`."""

    states: list[ProcessState] = field(
        default_factory=lambda: [a_process(each) for each in ("dispatcher", "gateway", "worker")]
    )
    down: bool = False

    async def processes(self) -> Processes:
        self._require_up()
        return Processes(self.states, NOW_MS)

    async def groups(self) -> Sequence[GroupState]:
        self._require_up()
        consumers = (Consumer("alive", 2, 0.5), Consumer("dead", 0, 60.0))
        return [
            GroupState(
                "messages.accepted:{0}",
                "dispatchers",
                exists=True,
                length=5,
                pending=2,
                oldest_s=1.5,
                consumers=consumers,
            )
        ]

    async def server(self) -> RedisServer:
        self._require_up()
        return RedisServer("Valkey", "9.1.2", 1_000, None, 3, 60)

    async def quarantined(self) -> Mapping[str, int]:
        self._require_up()
        return {"gateway": 0, "dispatcher": 0, "worker": 2}

    async def examine(self) -> Sequence[Finding]:
        return [ok("redis", "Valkey 9.1.2 answers.")]

    def _require_up(self) -> None:
        if self.down:
            raise StreamUnavailable("no route")


@dataclass
class JournalView:
    """Implements `JournalPort`."""

    down: bool = False
    directory_version: int = 7

    async def backlog(self) -> Backlog:
        if self.down:
            raise JournalUnavailable("no route")
        return Backlog(open_batches=2, oldest_open_s=1.5, set_aside=1, late_s=None)

    async def __call__(self, question: ExamineService) -> ServiceExamined:
        finding = ServiceFinding("ok", "gateway database", "Postgres answers.")
        return ServiceExamined((finding,), self.directory_version)


class MemoryShelf:
    """Implements `Shelf`."""

    def __init__(self) -> None:
        self.there: list[QuarantinedEntry] = []
        self.put_back: list[tuple[str, bytes]] = []

    async def entries(self) -> AsyncIterator[QuarantinedEntry]:
        for entry in list(self.there):
            yield entry

    async def in_order(
        self, past: str | None = None, *, descending: bool = True
    ) -> AsyncIterator[QuarantinedEntry]:
        ordered = sorted(self.there, key=lambda each: _order(each.id), reverse=descending)
        for entry in ordered:
            if past is not None and descending and _order(entry.id) >= _order(past):
                continue
            if past is not None and not descending and _order(entry.id) <= _order(past):
                continue
            yield entry

    async def find(self, entry_id: str) -> QuarantinedEntry | None:
        return next((each for each in self.there if each.id == entry_id), None)

    async def replay(self, entry: QuarantinedEntry, body: bytes) -> str | None:
        if not await self.drop(entry.id):
            return None
        self.put_back.append((entry.stream, body))
        return "1-1"

    async def drop(self, entry_id: str) -> bool:
        before = len(self.there)
        self.there = [each for each in self.there if each.id != entry_id]
        return len(self.there) < before


@dataclass
class MemorySetAside:
    """Implements `SetAside`."""

    batches: list[SetAsideBatch] = field(default_factory=list)
    brought_back: list[bytes] = field(default_factory=list)

    async def list(self) -> Sequence[SetAsideBatch]:
        return list(self.batches)

    async def page(self, window: IdWindow) -> IdPage[SetAsideBatch]:
        found = sorted(self.batches, key=lambda each: each.id, reverse=window.descending)
        return IdPage(found[: window.limit], done=len(found) <= window.limit)

    async def open_among(self, batch_ids: Collection[bytes]) -> set[bytes]:
        return {each.id for each in self.batches if each.id in batch_ids}

    async def bring_back(self, batch_ids: Collection[bytes], *, owner: str) -> int:
        self.brought_back += batch_ids
        return len(batch_ids)


@dataclass
class MemoryBacklog:
    """Implements `BacklogSeries`."""

    points: list[BacklogPoint] = field(default_factory=list)
    asked: list[tuple[Resolution, datetime]] = field(default_factory=list)
    down: bool = False

    async def add(self, backlog: Backlog, at: datetime) -> None:
        if self.down:
            raise JournalUnavailable("no route")
        self.points.append(BacklogPoint(at, backlog.open_batches, backlog.oldest_open_s or 0.0))

    async def since(self, resolution: Resolution, since: datetime) -> Sequence[BacklogPoint]:
        self.asked.append((resolution, since))
        return self.points


def _order(entry_id: str) -> tuple[int, int]:
    at_ms, _, sequence = entry_id.partition("-")
    return int(at_ms), int(sequence)


@dataclass
class PlatformModel:
    """The models, and the ports that they stand behind."""

    streams: StreamsModel = field(default_factory=StreamsModel)
    journal: JournalView = field(default_factory=JournalView)
    shelves: dict[str, MemoryShelf] = field(
        default_factory=lambda: {
            service: MemoryShelf() for service in ("gateway", "dispatcher", "worker")
        }
    )
    set_aside: MemorySetAside = field(default_factory=MemorySetAside)
    backlog: MemoryBacklog = field(default_factory=MemoryBacklog)

    def ports(self) -> PlatformPorts:
        work = QuarantineWork(self.shelves, self.set_aside, lambda: "owner")
        return PlatformPorts(self.streams, self.journal, work, self.backlog)

    def quarantine(
        self,
        service: str,
        entry_id: str,
        body: bytes = b"\x81",
        stream: str = "deliveries.requested:{0}",
        reason: str = "failed 5 times: KeyError",
    ) -> None:
        """Put an entry into a quarantine."""
        entry = QuarantinedEntry(service, entry_id, stream, "1-1", reason, body)
        self.shelves[service].there.append(entry)
