"""The worker, put together and run."""

import asyncio
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
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import StreamWriter
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.stream_names import WORKER_QUERIES, WORKERS, deliveries_requested
from angarium_webhooks.directory_follower import DirectoryFollower
from faststream.redis import RedisBroker
from prometheus_client import REGISTRY

from .adapters.database.attempt_pages import AttemptPages
from .adapters.database.schema import SCHEMA
from .adapters.destinations.webhook import SenderLimits, WebhookSender, client_tls_context
from .adapters.metrics import WorkerMetrics
from .adapters.streams.chunks import chunk_handler
from .adapters.streams.duplicate_filter import DuplicateFilter
from .adapters.streams.worker_answers import WORKER_QUESTIONS, WorkerAnswers
from .application.destinations.destination import Sender
from .application.ledger.records import StorageDown
from .pipeline import Pipeline
from .settings import Settings

PENDING_COUNTED_EVERY_S = 30.0
CHUNKS_PER_READ_MAX = 16


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
        self._replica = uuid4().hex
        self._queries = QueryClient(broker, replica=self._replica, clock_ms=_clock_ms)
        self._pipeline = Pipeline(
            settings, database, self._queries, StreamWriter(broker), sender, seal, tasks
        )
        self.close = self._pipeline.ledger.close
        self._metrics = WorkerMetrics(
            self._pipeline.tally,
            self._pipeline.room,
            self._pipeline.gates,
            lambda: self._pipeline.lanes.held,
            lambda: self._pipeline.health.failing_total,
        )
        self._follower = DirectoryFollower(
            broker, self._queries, self._pipeline.book, with_endpoints=True
        )
        self._build_readers()

    def _build_readers(self) -> None:
        quarantine = Quarantine(self._broker, "worker")
        writer = StreamWriter(self._broker)
        self._readers = [
            GroupReader(
                self._broker,
                stream=deliveries_requested(number),
                group=WORKERS,
                consumer=self._replica,
                reader=Reader(DeliveriesRequested),
                handle=chunk_handler(self._pipeline.deliver, DuplicateFilter(self._broker), writer),
                quarantine=quarantine,
                clock_s=time.monotonic,
                entries_max=CHUNKS_PER_READ_MAX,
                lease_s=self._settings.entry_lease_s,
            )
            for number in range(self._settings.stream_count)
        ]
        self._answers = QueryServer(
            self._broker,
            stream=WORKER_QUERIES,
            group=WORKERS,
            consumer=self._replica,
            questions=WORKER_QUESTIONS,
            answer=WorkerAnswers(AttemptPages(self._database), self._pipeline.commands).answer,
            quarantine=quarantine,
            clock_ms=_clock_ms,
            clock_s=time.monotonic,
        )

    def support(self) -> list[Coroutine[Any, Any, None]]:
        """What must go on until the last outcome is recorded."""
        return [*self._pipeline.support(), self._queries.run(), self._count_pending()]

    async def work(self) -> None:
        """Take in and deliver until cancelled; then let what is in hand end."""
        try:
            async with asyncio.TaskGroup() as intake:
                for reader in self._readers:
                    intake.create_task(reader.run())
                intake.create_task(self._answers.run())
                intake.create_task(self._follower.run())
                for beginning in self._pipeline.intake():
                    intake.create_task(beginning)
                intake.create_task(self._stop_taking_when_cancelled())
        finally:
            await self._pipeline.drain()

    async def _stop_taking_when_cancelled(self) -> None:
        """Else a handler that waits for room would go on beginning chunks while readers stop."""
        try:
            await asyncio.Event().wait()
        finally:
            self._pipeline.deliver.stop()

    async def _count_pending(self) -> None:
        while True:
            with suppress(StorageDown):  # the metric keeps its last value; readiness says it
                self._metrics.pending_total = await self._pipeline.ledger.pending_total()
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
