"""The worker's stretch: chunks are read, signed, sent, recorded, settled. Connections are kept, and
the endpoint at their other end answers at once."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, cast

from angarium_chassis.streams.received import Received
from angarium_contracts.contract import Reader, encode
from angarium_contracts.directory import EndpointState
from angarium_contracts.hot_path import DeliveriesRequested, RequestedDelivery, RequestedMessage
from angarium_contracts.stream_names import deliveries_requested
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.webhook import WebhookDestination
from angarium_worker.adapters.destinations.webhook.webhook_sender import WebhookSender
from angarium_worker.adapters.streams.chunks import ChunkSettlement, Entry
from angarium_worker.application.destinations.destination import Destinations
from angarium_worker.application.ledger.records import Record
from angarium_worker.build_worker import WorkerPorts, build_worker
from angarium_worker.domain.clocks import Clocks
from angarium_worker.domain.delivery import DeliveryKey
from angarium_worker.domain.endpoint_health import DisableRule
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.worker_settings import WorkerSettings
from angarium_worker.worker import Worker
from event_body import EVENT_TYPE
from replay import (
    APPLICATION,
    BETWEEN_ROUNDS_S,
    ENDPOINT,
    TENANT,
    Replay,
    ReplayWriter,
    number_id,
    payload_bytes,
)

_UNUSED = cast("Any", None)
_SECRET = b"whsec_" + base64.b64encode(b"s" * 24)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
_NOW_NS = 1_700_000_000 * 1_000_000_000


def prepare(rounds: int, at_once: int) -> Replay:
    """Chunks of `at_once` messages each, for one endpoint."""
    payload = payload_bytes()
    delivery = RequestedDelivery(endpoint_id=ENDPOINT, endpoint_version=1)
    entries = [
        encode(
            DeliveriesRequested(
                batch_id=number_id(1 + number),
                publication=1,
                settle_to="deliveries.settled:replay",
                chunk=0,
                chunks=1,
                redelivered=False,
                messages=tuple(
                    RequestedMessage(
                        id=number_id(1_000_000 + number * at_once + place),
                        tenant_id=TENANT,
                        application_id=APPLICATION,
                        event_type=EVENT_TYPE,
                        payload=payload,
                        deliveries=(delivery,),
                    )
                    for place in range(at_once)
                ),
            )
        )
        for number in range(rounds)
    ]
    return Replay(partial(_run, entries, at_once))


async def _run(entries: Sequence[bytes], at_once: int, rounds: int) -> int:
    ledger, writer = _Ledger(), ReplayWriter()
    settlement = ChunkSettlement(cast("Any", writer))
    reader = Reader(DeliveriesRequested)
    async with asyncio.TaskGroup() as tasks:
        worker = _worker(ledger, settlement, tasks)
        await worker.endpoints.cache.load({ENDPOINT: 1})
        works = [tasks.create_task(work) for work in (*worker.background(), settlement.run())]
        for number in range(rounds):
            value = reader.read(entries[number])
            assert isinstance(value, DeliveriesRequested)
            entry: Entry = Received(
                deliveries_requested(0), "workers", b"1-0", value, False, _UNUSED
            )
            await worker.deliver.take(value, entry, redelivered=False)
            await ledger.until(at_once * (number + 1))
            await asyncio.sleep(BETWEEN_ROUNDS_S)
        await writer.until_acknowledged(rounds)
        for work in works:
            work.cancel()
    return ledger.attempts


def _worker(
    ledger: "_Ledger", settlement: ChunkSettlement, tasks: asyncio.TaskGroup
) -> Worker[Entry]:
    loop = asyncio.get_running_loop()
    numbers = count(1)
    sender = WebhookSender(
        EgressRules(),
        ssl.create_default_context(),
        user_agent="Angarium/replay",
        clock_s=loop.time,
    )
    sender._context.dialler = cast("Any", _Dialler(loop))
    ports: WorkerPorts[Entry] = WorkerPorts(
        ledger=cast("Any", ledger),
        manual_ledger=_UNUSED,
        lanes=_UNUSED,
        endpoint_copy=cast("Any", _EndpointCopy()),
        endpoint_owner=_UNUSED,
        health_rows=cast("Any", _HealthRows()),
        order=_UNUSED,
        destinations=Destinations(WebhookDestination(sender)),
        settlement=settlement,
        open_sealed=lambda sealed, _: sealed,
        wake_outbox=lambda: None,
    )
    settings = WorkerSettings(
        deliveries_in_flight_max=1_000,
        payload_bytes_in_hand_max=64 * 1024 * 1024,
        attempt_timeout_s=15.0,
        schedule=RetrySchedule((5.0, 300.0)),
        disable_rule=DisableRule(0.0),
        chunk_linger_s=0.5,
        retry_lease_s=40.0,
        entry_lease_s=8.0,
        lane_turn_s=0.6,
    )
    clocks = Clocks(
        monotonic_s=loop.time,
        unix_ns=lambda: _NOW_NS + int(loop.time() * 1e9),
        random=lambda: 0.5,
        random_bits=lambda _: 1,
        make_id=lambda: number_id(next(numbers)),
    )
    return build_worker(ports, settings, clocks, tasks)


class _Ledger:
    """Implements `Ledger` for first attempts: they are counted."""

    def __init__(self) -> None:
        self.attempts = 0
        self._recorded = asyncio.Event()

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        await asyncio.sleep(0)
        for record in records:
            if record.pending or record.events:
                raise RuntimeError("an attempt failed")
            self.attempts += len(record.attempts)
        self._recorded.set()
        return frozenset()

    async def until(self, attempts: int) -> None:
        while self.attempts < attempts:
            self._recorded.clear()
            await self._recorded.wait()


class _EndpointCopy:
    """Implements `EndpointCopy` of one endpoint."""

    async def read(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState]:
        return [
            EndpointState(
                id=each,
                tenant_id=TENANT,
                application_id=APPLICATION,
                version=1,
                url="https://example.com/webhooks",
                secrets=(_SECRET,),
            )
            for each in endpoint_ids
        ]


class _HealthRows:
    """Implements `HealthRows`: no endpoint fails."""

    async def load(self, _: int) -> list[Any]:
        return []

    async def save(self, failing: Sequence[Any], _: object) -> list[Any]:
        return list(failing)


class _Dialler:
    """Takes the place of `Dialler`: connections to an endpoint in memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def dial[C: asyncio.Protocol](
        self, origin: object, progress: object, deadline: float, connection_of: Callable[[], C]
    ) -> C:
        del origin, progress, deadline
        connection = connection_of()
        connection.connection_made(cast("Any", _Transport(self._loop, connection)))
        return connection


class _Transport:
    """Answers each request with 200 in the next turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: asyncio.Protocol) -> None:
        self._loop = loop
        self._receive = connection.data_received

    def write(self, _: bytes) -> None:
        self._loop.call_soon(self._receive, _ANSWER)

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None: ...

    abort = close
