"""The whole worker over fakes that tests hold."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from angarium_chassis.tracing.spans import Spans
from angarium_contracts.directory import EndpointState
from angarium_contracts.hot_path import DeliveriesRequested, RequestedDelivery, RequestedMessage
from angarium_worker.adapters.destinations.webhook import (
    WebhookDestination,
    WebhookRequest,
    read_answer,
)
from angarium_worker.application.delivery.chunk import Chunk
from angarium_worker.application.destinations.destination import Destinations
from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.lanes.lane_context import Confirmed
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.build_worker import WorkerPorts, build_worker
from angarium_worker.domain.attempt_result import AttemptResult
from angarium_worker.domain.clocks import Clocks
from angarium_worker.domain.delivery import Delivery
from angarium_worker.domain.endpoint_health import DisableRule, FailureRun
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.worker_settings import WorkerSettings
from angarium_worker.worker import Worker
from msgspec.structs import replace

from .fake_lanes import FakeLanes

SECRET = b"whsec_" + base64.b64encode(b"s" * 24)
NOW_NS = 1_700_000_000 * 1_000_000_000


@dataclass
class SentAttempt:
    """A request that the fake sender holds until the test answers it."""

    request: WebhookRequest
    on_result: Callable[[AttemptResult], None]
    now_ns: Callable[[], int]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def answer(
        self,
        status: int = 200,
        body: bytes = b"ok",
        retry_after: str | None = None,
        request: str | None = None,
    ) -> None:
        def now_s() -> float:
            return self.now_ns() / 1e9

        self.on_result(read_answer(status, body, retry_after, now_s, 0.012, request=request))


class FakeSender:
    """Implements `Poster`. `answers` are given at once; without any, requests are held."""

    def __init__(self, changes: Any, now_ns: Callable[[], int]) -> None:
        self._changes = changes
        self._now_ns = now_ns
        self.sent: list[SentAttempt] = []
        self.answers: list[int] | int | None = None

    def route(
        self,
        url: str,
        proxy: str | None,
        certificate: bytes | None,
        ca_certificates: bytes | None = None,
        method: str = "POST",
    ) -> WebhookRequest:
        return WebhookRequest(url, (), b"", 0.0, proxy, certificate, ca_certificates)

    def post(
        self,
        route: WebhookRequest,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        timeout_s: float,
        on_result: Callable[[AttemptResult], None],
        secret_headers: Sequence[tuple[str, str]] = (),
        sign: object = None,
    ) -> SentAttempt:
        request = replace(
            route, headers=(*headers, *secret_headers), body=body, timeout_s=timeout_s
        )
        attempt = SentAttempt(request, on_result, self._now_ns)
        self.sent.append(attempt)
        if self.answers is not None:
            status = self.answers.pop(0) if isinstance(self.answers, list) else self.answers
            asyncio.get_running_loop().call_soon(attempt.answer, status)
        self._changes.happened()
        return attempt


class FakeEndpoints:
    """Implements `EndpointCopy` and `EndpointOwner`. `away`: nobody answers."""

    def __init__(self, changes: Any) -> None:
        self._changes = changes
        self.copied: dict[bytes, EndpointState] = {}
        self.owned: dict[bytes, EndpointState] = {}
        self.complete_to = 0
        self.asked: list[tuple[bytes, ...]] = []
        self.disabled: list[GoneEndpoint] = []
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()

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
        await self.answering.wait()
        if self.away:
            return None
        return [self.owned[each] for each in endpoint_ids if each in self.owned]

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        assert "410" in reason or "webhook-delivery: disable" in reason
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
        self.settled_chunks: list[Chunk[str]] = []
        self.awaited_receipts: list[str] = []
        self.refused_receipts: list[str] = []

    def settled(self, chunk: Chunk[str], done: Callable[[], None], *, awaited: bool) -> None:
        self.settled_receipts.append(chunk.receipt)
        if awaited:
            self.awaited_receipts.append(chunk.receipt)
        self.settled_chunks.append(chunk)
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
        self.kept_for: set[bytes | None] = set()

    async def confirm(
        self, application_id: bytes, after: bytes, kept_for: bytes | None
    ) -> Confirmed | None:
        self.asked.append(after)
        self.kept_for.add(kept_for)
        if self.away:
            return None
        if self.first_open is None:
            return Confirmed(b"\xee" * 16, b"\xee" * 16)
        before = (int.from_bytes(self.first_open) - 1).to_bytes(16)
        return Confirmed(max(after, before), self.first_open)


class FakeHealthRows:
    """Implements `HealthRows`: no endpoint was failing before, and nothing is kept."""

    async def load(self, limit: int) -> list[HealthRow]:
        return []

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        return list(failing)

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        return None


class FakeManualLedger:
    """Implements `ManualLedger`: keeps which endpoints' deliveries were ended, and why."""

    def __init__(self, changes: Any) -> None:
        self._changes = changes
        self.closed: list[tuple[bytes | None, str]] = []

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        raise NotImplementedError

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        self.closed.append((endpoint_id, reason))
        self._changes.happened()
        return CancelCount(0, 0)


class Rig:
    """The whole worker over fakes."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        fakes: Any,
        *,
        linger_s: float = 30.0,
        sending_max: int = 100,
        spans: Spans | None = None,
    ) -> None:
        self.tasks = tasks
        self.turning: asyncio.Task[None] | None = None
        self.changes = fakes.Changes()
        self.sender = FakeSender(self.changes, lambda: self.now_ns)
        self.destinations = Destinations(WebhookDestination(self.sender))
        self.ledger = fakes.FakeLedger(self.changes)
        self.manual_ledger = FakeManualLedger(self.changes)
        self.endpoints = FakeEndpoints(self.changes)
        self.settlement = FakeSettlement(self.changes)
        self.lanes = FakeLanes(self.ledger)
        self.order = FakeOrder()
        self._ids = count(1)
        self.now_ns = NOW_NS
        ports = WorkerPorts(
            ledger=self.ledger,
            manual_ledger=self.manual_ledger,
            lanes=self.lanes,
            endpoint_copy=self.endpoints,
            endpoint_owner=self.endpoints,
            health_rows=FakeHealthRows(),
            order=self.order,
            destinations=self.destinations,
            settlement=self.settlement,
            open_sealed=lambda sealed, _: sealed,
            wake_outbox=lambda: None,
            spans=spans,
        )
        settings = WorkerSettings(
            deliveries_in_flight_max=sending_max,
            payload_bytes_in_hand_max=1_000_000,
            attempt_timeout_s=15.0,
            schedule=RetrySchedule((5.0, 300.0)),
            disable_rule=DisableRule(0.0),
            chunk_linger_s=linger_s,
            retry_lease_s=40.0,
            entry_lease_s=8.0,
            lane_turn_s=0.6,
        )
        clocks = Clocks(
            monotonic_s=asyncio.get_running_loop().time,
            unix_ns=lambda: self.now_ns,
            random=lambda: 0.5,
            random_bits=lambda _: 0,
            make_id=self.new_id,
        )
        self.worker: Worker[str] = build_worker(ports, settings, clocks, tasks)
        capacity, endpoints = self.worker.capacity, self.worker.endpoints
        self.slots, self.counters = capacity.slots, capacity.counters
        self.retry_wake, self.lane_wake = capacity.retry_wake, capacity.lane_wake
        self.cache, self.guards = endpoints.cache, endpoints.guards
        self.retry_after = endpoints.retry_after
        self.recorder, self.deliver = self.worker.recorder, self.worker.deliver
        self.retries, self.lane_scheduler = self.worker.retries, self.worker.lanes

    def new_id(self) -> bytes:
        return next(self._ids).to_bytes(16)

    def add_endpoint(self, *, known: bool = True, **members: Any) -> bytes:
        """An endpoint that the dispatcher owns and, if `known`, the copy has."""
        endpoint_id = self.new_id()
        values: dict[str, Any] = {
            "id": endpoint_id,
            "tenant_id": b"t" * 16,
            "application_id": b"a" * 16,
            "version": 1,
            "url": f"https://example.com/{endpoint_id[-1]}",
            "secrets": (SECRET,),
        }
        state = EndpointState(**(values | members))
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
        await self.cache.load(dict.fromkeys(endpoint_ids, 1))

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
        values: dict[str, Any] = {
            "batch_id": self.new_id(),
            "publication": 1,
            "settle_to": "deliveries.settled:g",
            "chunk": 0,
            "chunks": 1,
            "redelivered": False,
            "messages": (message,),
        }
        return DeliveriesRequested(**(values | members))

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
            while self.slots.in_hand:
                await self.slots.changed()


@pytest.fixture
async def start_rig(fakes: Any) -> AsyncIterator[Callable[..., Rig]]:
    """Makes rigs whose recorder runs; what still runs at the end is cancelled."""
    started: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as tasks:

        def start(*, retrying: bool = False, turning: bool = False, **options: Any) -> Rig:
            rig = Rig(tasks, fakes, **options)
            started.extend(tasks.create_task(work) for work in rig.worker.background())
            if turning:
                rig.turning = tasks.create_task(rig.lane_scheduler.run())
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
