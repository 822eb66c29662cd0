"""The worker, put together and run."""

import asyncio
import random
import socket
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import internal_app, serve_http
from angarium_chassis.process import StartRefused
from angarium_chassis.sealing import Seal
from angarium_chassis.service import internal_listener, run_service, seal_of
from angarium_chassis.streams.broker import open_broker, redis_problem
from angarium_chassis.streams.directory_follower import DirectoryFollower
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.outbox import Outbox
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import StreamWriter
from angarium_contracts.attempts import GetAttempt, ListAttemptsByEndpoint, ListAttemptsByMessage
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import WORKER_QUERIES, WORKERS, deliveries_requested
from faststream.redis import RedisBroker
from prometheus_client import REGISTRY

from .adapters.database.attempt_pages import AttemptPages, AttemptQuestion
from .adapters.database.endpoint_rows import EndpointRows
from .adapters.database.health_rows import HealthTable
from .adapters.database.outbox_rows import OutboxTable
from .adapters.database.schema import SCHEMA
from .adapters.database.stores import stores_on
from .adapters.metrics import WorkerMetrics
from .adapters.sealed_settings import opener
from .adapters.sender import SenderLimits, WebhookSender, client_tls_context
from .adapters.streams.chunks import ChunkSettlement, Entry, chunk_handler
from .adapters.streams.dispatcher_endpoints import DispatcherEndpoints
from .adapters.streams.message_order import MessageOrder
from .application.closed_endpoints import ClosedEndpoints
from .application.deliver_chunk import DeliverChunk
from .application.drain import drain
from .application.due_bell import DueBell
from .application.endpoint_book import EndpointBook
from .application.endpoint_changes import EndpointChanges
from .application.endpoint_gates import EndpointGates
from .application.endpoint_health import EndpointHealth
from .application.first_attempts import FirstAttempts
from .application.gone_endpoints import GoneEndpoints
from .application.hand_commands import HandCommands
from .application.lane_turns import LaneTurns
from .application.leased_attempts import LeasedAttempts
from .application.make_attempt import MakeAttempt
from .application.recorder import Recorder
from .application.records import StorageDown
from .application.retry_due import RetryDue
from .application.room import Room
from .application.sending import Sender
from .application.slowdowns import Slowdowns
from .application.tally import Tally
from .application.turn_parts import TurnParts
from .domain.fair_turns import SlotShares
from .settings import LEASE_MARGIN_S, Settings

PENDING_COUNTED_EVERY_S = 30.0
CHUNKS_PER_READ_MAX = 16
LANE_TURN_S = 2.0


def main() -> None:
    """Run the worker until it is told to stop."""
    run_service("worker", Settings, run)


async def run(settings: Settings) -> None:
    """Run until cancelled. Then nothing new is begun, and what is in hand is brought to its
    end, within the grace. Raises StartRefused."""
    async with AsyncExitStack() as closing:
        seal = seal_of(settings)
        database = open_database(
            settings.database_url.get_secret_value(),
            connections_max=settings.database_connections_max,
        )
        closing.push_async_callback(database.close)
        await SCHEMA.require_current(database)
        broker = open_broker(settings.redis_url.get_secret_value())
        await broker.connect()
        closing.push_async_callback(broker.stop)
        sender = _sender(settings)
        closing.push_async_callback(sender.aclose)
        listener = internal_listener(settings)
        async with asyncio.TaskGroup() as tasks:
            worker = _Worker(settings, database, broker, sender, seal, tasks)
            closing.push_async_callback(worker.close)
            for supporting in worker.support():
                tasks.create_task(supporting)
            if listener is not None:
                tasks.create_task(worker.serve_internal(listener))
            await worker.work()


def _sender(settings: Settings) -> WebhookSender:
    make_tls = partial(client_tls_context, settings.extra_ca_file)
    try:
        tls = make_tls()
    except OSError as error:
        raise StartRefused(
            f"ANGARIUM_EXTRA_CA_FILE: {settings.extra_ca_file} is no PEM file of certificates"
            f" that can be read: {error.strerror or type(error).__name__}"
        ) from None
    return WebhookSender(
        settings.egress_rules,
        tls,
        user_agent=f"Angarium/{version('angarium-worker')}",
        allow_http=settings.allow_http_endpoints,
        limits=SenderLimits(kept_bytes_max=settings.kept_connections_bytes_max),
        make_tls=make_tls,
        proxy=settings.egress_proxy,
    )


class _Worker:
    """The parts of one worker process. `tasks` owns what they start."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        broker: RedisBroker,
        sender: Sender,
        seal: Seal,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._database = database
        self._broker = broker
        self._tasks = tasks
        self._replica = uuid4().hex
        self._tally = Tally()
        self._room = Room(
            sending_max=settings.deliveries_in_flight_max,
            bytes_max=settings.payload_bytes_in_hand_max,
        )
        self._stores = stores_on(database, lease_s=settings.retry_lease_s)
        self._ledger = self._stores.ledger
        self.close = self._ledger.close
        self._recorder = Recorder(self._ledger)
        self._settlement = ChunkSettlement(StreamWriter(broker))
        self._queries = QueryClient(broker, replica=self._replica, clock_ms=_clock_ms)
        dispatcher = DispatcherEndpoints(self._queries)
        lease_s = settings.retry_lease_s
        self._book = EndpointBook(EndpointRows(database), dispatcher, opener(seal))
        self._gone = GoneEndpoints(self._book, dispatcher, self._ledger, lease_s=lease_s)
        self._closed = ClosedEndpoints(self._stores.by_hand, self._book, lease_s=lease_s)
        self._health = EndpointHealth(
            HealthTable(database), dispatcher, settings.disable_rule, clock_ns=time.time_ns
        )
        self._outbox = Outbox(self._queries, OutboxTable(database))
        self._follower = DirectoryFollower(broker, self._queries, self._book, with_endpoints=True)
        self._build_delivery(sender)
        self._build_readers()

    def _build_delivery(self, sender: Sender) -> None:
        settings = self._settings
        gates = EndpointGates(time.monotonic, random.random)
        shares = SlotShares(settings.deliveries_in_flight_max)
        make = MakeAttempt(
            sender,
            settings.schedule,
            self._tally,
            Slowdowns(time.time_ns),
            self._gone,
            self._health,
            timeout_s=settings.attempt_timeout_s,
            timeout_s_max=settings.retry_lease_s - LEASE_MARGIN_S,
            make_id=IdMaker(time.time_ns, random.getrandbits),
            clock_ns=time.time_ns,
            random=random.random,
        )
        bell, lane_bell = DueBell(), DueBell()
        self._leased = LeasedAttempts(
            make, self._recorder, gates, shares, self._room, self._tally, bell, lane_bell
        )
        firsts = FirstAttempts(
            book=self._book,
            make=make,
            gates=gates,
            shares=shares,
            leased=self._leased,
            room=self._room,
        )
        self._retries = RetryDue(
            ledger=self._ledger,
            book=self._book,
            leased=self._leased,
            make=make,
            gates=gates,
            room=self._room,
            bell=bell,
            tasks=self._tasks,
            lease_s=settings.retry_lease_s,
        )
        self._build_lanes(make, gates, lane_bell)
        self._deliver: DeliverChunk[Entry] = DeliverChunk(
            book=self._book,
            make=make,
            firsts=firsts,
            leased=self._leased,
            ledger=self._ledger,
            recorder=self._recorder,
            settlement=self._settlement,
            room=self._room,
            tally=self._tally,
            tasks=self._tasks,
            bell=bell,
            lane_bell=lane_bell,
            linger_s=settings.chunk_linger_s,
            lease_s=settings.retry_lease_s,
        )
        self._hand_commands = HandCommands(
            self._stores.by_hand,
            self._book,
            ring=lambda: (bell.ring(0), lane_bell.ring(0)),
            lease_s=settings.retry_lease_s,
        )

    def _build_lanes(self, make: MakeAttempt, gates: EndpointGates, bell: DueBell) -> None:
        self._lanes = LaneTurns(
            lanes=self._stores.lanes,
            ledger=self._ledger,
            book=self._book,
            parts=TurnParts(
                leased=self._leased,
                make=make,
                gates=gates,
                order=MessageOrder(self._queries),
                close=self._closed.close,
                bell=bell,
            ),
            room=self._room,
            bell=bell,
            lease_s=self._settings.retry_lease_s,
            turn_s=LANE_TURN_S,
        )
        self._book.on_change = EndpointChanges(
            gates, self._lanes, self._closed.changed, self._health.changed
        )
        self._metrics = WorkerMetrics(
            self._tally,
            self._room,
            gates,
            lambda: self._lanes.held,
            lambda: self._health.failing_total,
        )

    def _build_readers(self) -> None:
        quarantine = Quarantine(self._broker, "worker")
        self._readers = [
            GroupReader(
                self._broker,
                stream=deliveries_requested(number),
                group=WORKERS,
                consumer=self._replica,
                reader=Reader(DeliveriesRequested),
                handle=chunk_handler(self._deliver),
                quarantine=quarantine,
                clock_s=time.monotonic,
                entries_max=CHUNKS_PER_READ_MAX,
                lease_s=self._settings.entry_lease_s,
            )
            for number in range(self._settings.stream_count)
        ]
        questions: Reader[AttemptQuestion] = Reader(
            ListAttemptsByMessage, ListAttemptsByEndpoint, GetAttempt
        )
        self._answers = QueryServer(
            self._broker,
            stream=WORKER_QUERIES,
            group=WORKERS,
            consumer=self._replica,
            questions=questions,
            answer=AttemptPages(self._database).answer,
            quarantine=quarantine,
            clock_ms=_clock_ms,
            clock_s=time.monotonic,
        )

    def support(self) -> list[Coroutine[Any, Any, None]]:
        """What must go on until the last outcome is recorded."""
        return [
            self._recorder.run(),
            self._settlement.run(),
            self._queries.run(),
            self._gone.run(),
            self._closed.run(),
            self._health.run(),
            self._outbox.run(),
            self._count_pending(),
        ]

    async def work(self) -> None:
        """Take in and deliver until cancelled; then let what is in hand end."""
        try:
            async with asyncio.TaskGroup() as intake:
                for reader in self._readers:
                    intake.create_task(reader.run())
                intake.create_task(self._answers.run())
                intake.create_task(self._follower.run())
                intake.create_task(self._retries.run())
                intake.create_task(self._lanes.run())
                intake.create_task(self._stop_taking_when_cancelled())
        finally:
            await drain(
                self._deliver,
                self._retries,
                self._lanes,
                self._leased,
                self._ledger,
                self._room,
                grace_s=self._settings.stop_grace_s,
            )

    async def _stop_taking_when_cancelled(self) -> None:
        """Else a handler that waits for room would go on beginning chunks while readers stop."""
        try:
            await asyncio.Event().wait()
        finally:
            self._deliver.stop()

    async def _count_pending(self) -> None:
        while True:
            with suppress(StorageDown):  # the metric keeps its last value; readiness says it
                self._metrics.pending_total = await self._ledger.pending_total()
            await asyncio.sleep(PENDING_COUNTED_EVERY_S)

    async def serve_internal(self, listener: socket.socket) -> None:
        """Serve /live, /ready and /metrics until cancelled."""
        REGISTRY.register(self._metrics)
        try:
            await serve_http(internal_app(self._readiness()), listener)
        finally:
            REGISTRY.unregister(self._metrics)

    def _readiness(self) -> Readiness:
        readiness = Readiness(
            {"database": self._database.problem, "redis": partial(redis_problem, self._broker)}
        )
        readiness.require("deliveries", lambda: all(reader.running for reader in self._readers))
        readiness.require("queries", lambda: self._answers.running)
        readiness.require("replies", lambda: self._queries.running)
        readiness.require("directory", lambda: self._follower.running)
        return readiness


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
