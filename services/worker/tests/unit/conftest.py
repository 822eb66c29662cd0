"""The worker's pipeline over fakes that tests hold by hand."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from angarium_contracts.directory import EndpointState
from angarium_contracts.hot_path import DeliveriesRequested, RequestedDelivery, RequestedMessage
from angarium_worker.application.capacity.delivery_slots import DeliverySlots
from angarium_worker.application.capacity.wake_signal import WakeSignal
from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.delivery.chunk import Chunk
from angarium_worker.application.delivery.deliver_chunk import DeliverChunk
from angarium_worker.application.delivery.first_attempts import FirstAttempts
from angarium_worker.application.delivery.leased_attempts import LeasedAttempts
from angarium_worker.application.delivery.make_attempt import MakeAttempt
from angarium_worker.application.delivery.retry_scheduler import RetryScheduler
from angarium_worker.application.destinations.destination import Answer, Outcome, WebhookRequest
from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_guards import EndpointGuards
from angarium_worker.application.endpoints.gone_endpoints import GoneEndpoint, GoneEndpoints
from angarium_worker.application.endpoints.retry_after_cache import RetryAfterCache
from angarium_worker.application.lanes.lane_context import Confirmed, LaneContext
from angarium_worker.application.lanes.lane_scheduler import LaneScheduler
from angarium_worker.application.ledger.recorder import Recorder
from angarium_worker.domain.fair_turns import SlotShares
from angarium_worker.domain.retry_schedule import RetrySchedule
from msgspec.structs import replace

from .fake_lanes import FakeLanes

SECRET = b"whsec_" + base64.b64encode(b"s" * 24)
NOW_NS = 1_700_000_000 * 1_000_000_000


@dataclass
class SentAttempt:
    """A request that the fake sender holds until the test answers it."""

    request: WebhookRequest
    on_outcome: Callable[[Outcome], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def answer(
        self, status: int = 200, body: bytes = b"ok", retry_after: str | None = None
    ) -> None:
        self.on_outcome(Answer(status, body, retry_after, 0.012))


class FakeSender:
    """Implements `Sender`. `answers` are given at once; without any, requests are held."""

    def __init__(self, changes: Any) -> None:
        self._changes = changes
        self.sent: list[SentAttempt] = []
        self.answers: list[int] | int | None = None

    async def send(self, request: WebhookRequest) -> Outcome:
        raise NotImplementedError

    def submit(self, request: WebhookRequest, on_outcome: Callable[[Outcome], None]) -> SentAttempt:
        attempt = SentAttempt(request, on_outcome)
        self.sent.append(attempt)
        if self.answers is not None:
            status = self.answers.pop(0) if isinstance(self.answers, list) else self.answers
            asyncio.get_running_loop().call_soon(attempt.answer, status)
        self._changes.happened()
        return attempt


class FakeEndpoints:
    """Implements `EndpointCopy`, `EndpointSource` and `EndpointOwner`. `away`: nobody answers."""

    def __init__(self, changes: Any) -> None:
        self._changes = changes
        self.copied: dict[bytes, EndpointState] = {}
        self.owned: dict[bytes, EndpointState] = {}
        self.complete_to = 0
        self.asked: list[tuple[bytes, ...]] = []
        self.disabled: list[GoneEndpoint] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def version(self) -> int:
        return self.complete_to

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        return [self.copied[each] for each in endpoint_ids if each in self.copied]

    async def store(self, endpoints: Sequence[EndpointState], version: int | None) -> None:
        for state in endpoints:
            if state.id not in self.copied or self.copied[state.id].version < state.version:
                self.copied[state.id] = state
        self.complete_to = max(self.complete_to, version or 0)

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        self.asked.append(tuple(endpoint_ids))
        self._changes.happened()
        await self.gate.wait()
        if self.away:
            return None
        return [self.owned[each] for each in endpoint_ids if each in self.owned]

    async def disable(self, gone: GoneEndpoint, reason: str) -> bool:
        assert "410" in reason
        self._changes.happened()
        if self.away:
            return False
        self.disabled.append(gone)
        return True


class FakeSettlement:
    """Implements `Settlement`: settles at once, unless held by the test."""

    def __init__(self, changes: Any) -> None:
        self._changes = changes
        self.settled_receipts: list[str] = []
        self.refused_receipts: list[str] = []

    def settled(self, chunk: Chunk[str], done: Callable[[], None]) -> None:
        self.settled_receipts.append(chunk.receipt)
        self._changes.happened()
        done()

    def refused(self, chunk: Chunk[str]) -> None:
        self.refused_receipts.append(chunk.receipt)
        self._changes.happened()


class FakeOrder:
    """Implements `Order`. `first_open`: the first message that is not with the workers yet;
    `away`: nobody answers."""

    def __init__(self) -> None:
        self.first_open: bytes | None = None
        self.away = False
        self.asked: list[bytes] = []

    async def confirm(self, application_id: bytes, after: bytes) -> Confirmed | None:
        self.asked.append(after)
        if self.away:
            return None
        if self.first_open is None:
            return Confirmed(b"\xee" * 16, b"\xee" * 16)
        before = (int.from_bytes(self.first_open) - 1).to_bytes(16)
        return Confirmed(max(after, before), self.first_open)


class FakeHealth:
    """Implements `Health`: remembers who failed and who succeeded."""

    def __init__(self) -> None:
        self.failures: list[bytes] = []
        self.successes: list[bytes] = []
        self.any_failing = True

    def failed(
        self, endpoint_id: bytes, tenant_id: bytes, application_id: bytes, version: int
    ) -> None:
        self.failures.append(endpoint_id)

    def succeeded(self, endpoint_id: bytes) -> None:
        self.successes.append(endpoint_id)


class Rig:
    """The whole pipeline of one worker over fakes."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        fakes: Any,
        *,
        linger_s: float = 30.0,
        sending_max: int = 100,
    ) -> None:
        self.tasks = tasks
        self.turning: asyncio.Task[None] | None = None
        self.changes = fakes.Changes()
        self.sender = FakeSender(self.changes)
        self.ledger = fakes.FakeLedger(self.changes)
        self.endpoints = FakeEndpoints(self.changes)
        self.settlement = FakeSettlement(self.changes)
        self.tally = WorkerCounters()
        self.room = DeliverySlots(sending_max=sending_max, bytes_max=1_000_000)
        self.bell = WakeSignal()
        self.recorder = Recorder(self.ledger)
        self.book = EndpointCache(self.endpoints, self.endpoints, lambda sealed, _: sealed)
        self._ids = count(1)
        self.now_ns = NOW_NS
        self.gone = GoneEndpoints(self.book, self.endpoints, self.ledger, lease_s=40.0)
        self.slowdowns = RetryAfterCache(lambda: self.now_ns)
        self.health = FakeHealth()
        self.gates = EndpointGuards(asyncio.get_running_loop().time, lambda: 0.5)
        self.shares = SlotShares(sending_max)
        self.lane_bell = WakeSignal()
        make = MakeAttempt(
            self.sender,
            RetrySchedule((5.0, 300.0)),
            self.tally,
            self.slowdowns,
            self.gone,
            self.health,
            timeout_s_max=35.0,
            timeout_s=15.0,
            make_id=self.new_id,
            clock_ns=lambda: self.now_ns,
            random=lambda: 0.5,
        )
        self.leased = LeasedAttempts(
            make,
            self.recorder,
            self.gates,
            self.shares,
            self.room,
            self.tally,
            self.bell,
            self.lane_bell,
        )
        firsts = FirstAttempts(
            book=self.book,
            make=make,
            gates=self.gates,
            shares=self.shares,
            leased=self.leased,
            room=self.room,
        )
        shared: dict[str, Any] = {
            "ledger": self.ledger,
            "book": self.book,
            "leased": self.leased,
            "room": self.room,
            "bell": self.bell,
            "tasks": tasks,
            "lease_s": 40.0,
        }
        self.retries = RetryScheduler(**shared, make=make, gates=self.gates)
        self.deliver: DeliverChunk[str] = DeliverChunk(
            **shared,
            make=make,
            firsts=firsts,
            lane_bell=self.lane_bell,
            recorder=self.recorder,
            settlement=self.settlement,
            tally=self.tally,
            linger_s=linger_s,
            entry_lease_s=8.0,
            first_fence=1,
        )

        self.lanes = FakeLanes(self.ledger)
        self.order = FakeOrder()
        self.closed: list[tuple[bytes, int, str]] = []
        self.lane_turns = LaneScheduler(
            lanes=self.lanes,
            ledger=self.ledger,
            book=self.book,
            parts=LaneContext(
                leased=self.leased,
                make=make,
                gates=self.gates,
                order=self.order,
                close=lambda *closed: self.closed.append(closed),
                bell=self.lane_bell,
            ),
            room=self.room,
            bell=self.lane_bell,
            lease_s=40.0,
            turn_s=0.6,
        )

    def new_id(self) -> bytes:
        return next(self._ids).to_bytes(16)

    def add_endpoint(self, *, known: bool = True, **members: Any) -> bytes:
        """An endpoint that the dispatcher owns and, if `known`, the copy has."""
        endpoint_id = self.new_id()
        state = EndpointState(
            **{
                "id": endpoint_id,
                "tenant_id": b"t" * 16,
                "application_id": b"a" * 16,
                "version": 1,
                "url": f"https://example.com/{endpoint_id[-1]}",
                "secrets": (SECRET,),
            }
            | members
        )
        self.endpoints.owned[endpoint_id] = state
        if known:
            self.endpoints.copied[endpoint_id] = state
        return endpoint_id

    def moved(self, endpoint_id: bytes, url: str, *, version: int) -> EndpointState:
        """The endpoint's state after a change of its URL."""
        return replace(self.endpoints.owned[endpoint_id], url=url, version=version)

    def again(self, requested: DeliveriesRequested, endpoint_ids: list[bytes]) -> Any:
        """The chunk published again, flagged, perhaps for more endpoints."""
        deliveries = self.chunk(endpoint_ids).messages[0].deliveries
        message = replace(requested.messages[0], deliveries=deliveries)
        return replace(requested, messages=(message,), redelivered=True, publication=2)

    async def know(self, *endpoint_ids: bytes) -> None:
        """Have these endpoints in memory."""
        await self.book.load(dict.fromkeys(endpoint_ids, 1))

    def chunk(
        self,
        endpoint_ids: Iterable[bytes],
        *,
        version: int = 1,
        channels: tuple[str, ...] = (),
        trace: str | None = None,
        **members: Any,
    ) -> DeliveriesRequested:
        """A chunk with one message for these endpoints."""
        message = RequestedMessage(
            channels=channels,
            trace=trace,
            id=self.new_id(),
            tenant_id=b"t" * 16,
            application_id=b"a" * 16,
            event_type="invoice.paid",
            payload=b'{"paid":true}',
            deliveries=tuple(
                RequestedDelivery(endpoint_id=each, endpoint_version=version)
                for each in endpoint_ids
            ),
        )
        return DeliveriesRequested(
            **{
                "batch_id": self.new_id(),
                "publication": 1,
                "settle_to": "deliveries.settled:g",
                "chunk": 0,
                "chunks": 1,
                "redelivered": False,
                "messages": (message,),
            }
            | members
        )

    async def take(
        self, requested: DeliveriesRequested, receipt: str = "entry", *, redelivered: bool = False
    ) -> bool:
        return await self.deliver.take(requested, receipt, redelivered=redelivered)

    async def stop_turning(self) -> None:
        """End the loop over lanes, as a worker does that stops."""
        if self.turning is not None:
            self.turning.cancel()
            await asyncio.wait([self.turning])

    async def until_sent(self, attempts: int) -> None:
        await self.changes.until(lambda: len(self.sender.sent) >= attempts)

    async def until_settled(self, chunks: int = 1) -> None:
        await self.changes.until(lambda: len(self.settlement.settled_receipts) >= chunks)

    async def until_idle(self) -> None:
        """Everything in hand has been recorded and settled."""
        async with asyncio.timeout(5):
            while self.room.in_hand:
                await self.room.changed()


@pytest.fixture
async def start_rig(fakes: Any) -> AsyncIterator[Callable[..., Rig]]:
    """Makes rigs whose recorder runs; what still runs at the end is cancelled."""
    started: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as tasks:

        def start(*, retrying: bool = False, turning: bool = False, **options: Any) -> Rig:
            rig = Rig(tasks, fakes, **options)
            started.append(tasks.create_task(rig.recorder.run()))
            started.append(tasks.create_task(rig.gone.run()))
            if turning:
                rig.turning = tasks.create_task(rig.lane_turns.run())
                started.append(rig.turning)
            if retrying:
                started.append(tasks.create_task(rig.retries.run()))
            return rig

        yield start
        for task in started:
            task.cancel()


@pytest.fixture
async def rig(start_rig: Callable[..., Rig]) -> Rig:
    """A pipeline with default bounds, without the retry loop."""
    return start_rig()
