"""The worker process: its adapters are made here, `build_worker` puts the worker together."""

import asyncio
import random
import secrets
import socket
import time
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import uuid4

from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import open_with_replica
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import About, internal_app, serve_http
from angarium_chassis.metrics.service_metrics import Process, ServiceMetrics, SharedFigures
from angarium_chassis.process import StartRefused
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.sealing import Seal
from angarium_chassis.service import (
    internal_limits,
    internal_listener,
    log_start,
    profile_of,
    run_service,
    seal_of,
)
from angarium_chassis.statistics.recording_order import follow_restored
from angarium_chassis.statistics.roller import Roller
from angarium_chassis.statistics.rollup_table import RollupRetention
from angarium_chassis.streams.broker import open_broker, redis_of, redis_problem
from angarium_chassis.streams.group_reader import GroupReader
from angarium_chassis.streams.numbered_readers import NumberedReaders
from angarium_chassis.streams.process_registry import ProcessHeartbeat
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.writer import StreamWriter
from angarium_chassis.tracing.spans import Spans
from angarium_chassis.tracing.tracing import open_tracing
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesRequested
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import WORKER_QUERIES, WORKERS, deliveries_requested
from angarium_webhooks.directory_follower import DirectoryFollower
from angarium_webhooks.fetch_link import KEY_PURPOSE
from angarium_webhooks.operational_outbox import Outbox
from faststream.redis import RedisBroker

from .adapters.database.attempt_pages import AttemptPages
from .adapters.database.attempt_retention import CancelledRetention, TenantAttemptRetention
from .adapters.database.attempt_search import AttemptSearch
from .adapters.database.delivery_pages import DeliveryPages
from .adapters.database.delivery_rollups import counted_ledgers, orders
from .adapters.database.delivery_statistics import DeliveryStatistics
from .adapters.database.endpoint_copy import EndpointCopyTable
from .adapters.database.endpoint_messages import EndpointMessages
from .adapters.database.endpoint_stats import EndpointStatsReader
from .adapters.database.health_rows import HealthTable
from .adapters.database.held_attempts import AttemptRetention
from .adapters.database.outbox_rows import OutboxTable
from .adapters.database.poll_pages import PollPages
from .adapters.database.poll_retention import PollRetention
from .adapters.database.schema import SCHEMA
from .adapters.database.stored_content import StoredContentTables
from .adapters.database.stores import stores_on
from .adapters.database.tables import delivery_rollup
from .adapters.database.unhealthy_endpoints import UnhealthyEndpointRows
from .adapters.destinations.dialing.tls_context import client_tls_context
from .adapters.destinations.polled import POLL_SCHEME, PolledDestination
from .adapters.destinations.redis_stream import STREAM_SCHEMES, StreamDestination
from .adapters.destinations.webhook import (
    FetchLinks,
    SenderLimits,
    WebhookDestination,
    WebhookSender,
    failed_answer,
)
from .adapters.metrics import WorkerMetrics
from .adapters.sealed_settings import opener
from .adapters.streams.chunks import ChunkSettlement, Entry, chunk_handler
from .adapters.streams.dispatcher_endpoints import DispatcherEndpoints
from .adapters.streams.duplicate_filter import DuplicateFilter
from .adapters.streams.message_order import MessageOrder
from .adapters.streams.tenant_retentions import GatewayRetentions
from .adapters.streams.worker_answers import WORKER_QUESTIONS, WorkerAnswers, WorkerQuestion
from .application.destinations.destination import Destination, Destinations
from .application.operations.delivery_queries import DeliveryQueries
from .application.operations.expunge_content import ExpungeContent
from .application.operations.poll_queries import PollQueries
from .application.operations.statistics import Statistics
from .build_worker import WorkerPorts, build_worker
from .domain.clocks import Clocks
from .examination import backlog_figures
from .examination.answer import WorkerExamination
from .examination.backlog_figures import BacklogFigures
from .examination.url_check import UrlCheck
from .settings import Settings
from .worker import Work

CHUNKS_PER_READ_MAX = 16
CLOCKS = Clocks(
    monotonic_s=time.monotonic,
    unix_ns=time.time_ns,
    random=random.random,
    random_bits=secrets.randbits,
    make_id=IdMaker(time.time_ns, random.getrandbits),
)


def main() -> None:
    """Run the worker until a signal stops it."""
    run_service("worker", Settings, run)


async def run(settings: Settings) -> None:
    """Run until cancelled. Then begin nothing new, and give attempts under way the grace time to
    end. Raises StartRefused."""
    async with AsyncExitStack() as closing:
        seal = seal_of(settings)
        database = open_with_replica(
            settings.database_url.get_secret_value(),
            settings.worker_replica_url.get_secret_value(),
            connections_max=settings.database_connections_max,
        )
        closing.push_async_callback(database.close)
        await SCHEMA.require_current(database)
        await SCHEMA.require_key(database, seal)
        await follow_restored(database, *orders(database))
        broker = open_broker(settings.redis_url.get_secret_value())
        await broker.connect()
        closing.push_async_callback(broker.stop)
        sender = _sender(settings)
        closing.push_async_callback(sender.aclose)
        listener = internal_listener(settings)
        replica = uuid4().hex
        log_start(settings, version=version("angarium-worker"), replica=replica)
        spans = await closing.enter_async_context(
            open_tracing(
                settings, service="worker", version=version("angarium-worker"), replica=replica
            )
        )
        async with asyncio.TaskGroup() as tasks:
            destinations = _destinations(settings, sender, seal, closing)
            process = _Process(
                settings, database, broker, destinations, seal, tasks, replica, spans
            )
            closing.push_async_callback(process.close)
            for work in process.background():
                tasks.create_task(work)
            if listener is not None:
                tasks.create_task(process.serve_internal(listener))
            await process.run()


def _destinations(
    settings: Settings, sender: WebhookSender, seal: Seal, closing: AsyncExitStack
) -> Destinations:
    links = FetchLinks(settings.public_url, seal.derived_key(KEY_PURPOSE))
    webhooks = WebhookDestination(sender, links)
    by_scheme: dict[str, Destination[Any]] = {POLL_SCHEME: PolledDestination()}
    if not settings.stream_destinations:
        return Destinations(webhooks, by_scheme)
    streams = StreamDestination(settings.egress_rules, sender.dialler, proxy=settings.egress_proxy)
    closing.push_async_callback(streams.aclose)
    return Destinations(webhooks, by_scheme | dict.fromkeys(STREAM_SCHEMES, streams))


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


class _Process:
    """The worker with its adapters, and what serves it. `tasks` owns the tasks they start."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        broker: RedisBroker,
        destinations: Destinations,
        seal: Seal,
        tasks: asyncio.TaskGroup,
        replica: str,
        spans: Spans | None,
    ) -> None:
        self._spans = spans
        self._settings = settings
        self._database = database
        self._broker = broker
        self._seal = seal
        self._replica = replica
        self._queries = QueryClient(broker, replica=self._replica, clock_ms=_clock_ms)
        self._stores = stores_on(database, lease_s=settings.retry_lease_s)
        self._settlement = ChunkSettlement(StreamWriter(broker))
        self._outbox = Outbox(self._queries, OutboxTable(database))
        self._heartbeat = ProcessHeartbeat(
            lambda: redis_of(broker),
            database,
            service="worker",
            replica=self._replica,
            version=version("angarium-worker"),
            key_ids=seal.key_ids,
            schema=SCHEMA.head,
            stream_count=settings.stream_count,
            clock_ms=_clock_ms,
            on_replicas=self._share_with,
        )
        self._worker = build_worker(self._ports(destinations, seal), settings.worker, CLOCKS, tasks)
        self._roller = Roller(
            database, counted_ledgers(database), every_s=settings.statistics_every_s
        )
        self._follower = DirectoryFollower(
            broker, self._queries, self._worker.endpoints.cache, with_endpoints=True
        )
        quarantine = Quarantine(broker, "worker")
        self._readers = self._build_readers(quarantine)
        self._answers = self._build_answers(quarantine)
        self._readiness = self._build_readiness()
        self._metrics = self._build_metrics()
        self.close = self._stores.ledger.close

    def _ports(self, destinations: Destinations, seal: Seal) -> WorkerPorts[Entry]:
        return WorkerPorts(
            ledger=self._stores.ledger,
            manual_ledger=self._stores.manual_ledger,
            lanes=self._stores.lanes,
            endpoint_copy=EndpointCopyTable(self._database),
            endpoint_owner=DispatcherEndpoints(self._queries),
            health_rows=HealthTable(self._database),
            order=MessageOrder(self._queries),
            destinations=destinations,
            settlement=self._settlement,
            open_sealed=opener(seal),
            wake_outbox=self._outbox.wake,
            spans=self._spans,
        )

    def _build_readers(self, quarantine: Quarantine) -> NumberedReaders[DeliveriesRequested]:
        duplicates, writer = DuplicateFilter(self._broker), StreamWriter(self._broker)

        def make(number: int) -> GroupReader[DeliveriesRequested]:
            return GroupReader(
                self._broker,
                stream=deliveries_requested(number),
                group=WORKERS,
                consumer=self._replica,
                reader=Reader(DeliveriesRequested),
                handle=chunk_handler(self._worker.deliver, duplicates, writer),
                quarantine=quarantine,
                clock_s=time.monotonic,
                entries_max=CHUNKS_PER_READ_MAX,
                lease_s=self._settings.entry_lease_s,
            )

        return NumberedReaders(
            lambda: redis_of(self._broker), count=self._settings.stream_count, make=make
        )

    def _build_answers(self, quarantine: Quarantine) -> QueryServer[WorkerQuestion]:
        database, lease_s = self._database, self._settings.retry_lease_s
        stats = EndpointStatsReader(
            database,
            lease_s=lease_s,
            concurrency_limit_of=self._worker.endpoints.guards.limit_of,
        )
        answers = WorkerAnswers(
            AttemptPages(database, failed_answer),
            self._worker.commands,
            ExpungeContent(
                self._stores.manual_ledger,
                StoredContentTables(database, lease_s=lease_s),
                self._worker.capacity.counters,
                lease_s=lease_s,
            ),
            DeliveryQueries(
                EndpointMessages(database),
                stats,
                DeliveryPages(database, lease_s=lease_s),
                UnhealthyEndpointRows(database),
            ),
            AttemptSearch(database, failed_answer),
            PollQueries(PollPages(database)),
            Statistics(DeliveryStatistics(database)),
            WorkerExamination(database, self._seal),
            UrlCheck(self._settings),
        )
        return QueryServer(
            self._broker,
            stream=WORKER_QUERIES,
            group=WORKERS,
            consumer=self._replica,
            questions=WORKER_QUESTIONS,
            answer=answers.answer,
            quarantine=quarantine,
            clock_ms=_clock_ms,
            clock_s=time.monotonic,
        )

    def background(self) -> list[Work]:
        """The loops that must go on until the last outcome is recorded and settled."""
        return [
            *self._worker.background(),
            self._settlement.run(),
            self._outbox.run(),
            self._retention().run(),
            self._queries.run(),
            self._heartbeat.run(),
            self._roller.run(),
            self._metrics.run(),
        ]

    async def run(self) -> None:
        """Take in and deliver until cancelled; then let attempts under way end."""
        await self._worker.run(
            self._readers.run(),
            self._answers.run(),
            self._follower.run(),
            self._readiness.stop_when_cancelled(),
            grace_s=self._settings.stop_grace_s,
        )

    def _build_metrics(self) -> ServiceMetrics:
        process = Process(
            "worker",
            version("angarium-worker"),
            self._replica,
            self._readiness,
            self._database,
            lambda: redis_of(self._broker),
        )
        own = WorkerMetrics(
            self._worker,
            directory_age_s=lambda: self._follower.age_s,
            statistics_lag_s=lambda: self._roller.lag_s,
        )
        backlog = BacklogFigures(self._database, top_n=self._settings.metrics_top_n)
        shared = SharedFigures(backlog_figures.SUBJECT, backlog.read, backlog_figures.EVERY_S)
        return ServiceMetrics(process, self._settings, collectors=[own], shared=[shared])

    def _retention(self) -> RetentionLoop:
        days = self._settings.attempt_retention_days
        gateways = GatewayRetentions(self._queries)
        return RetentionLoop(
            self._database,
            {
                "attempts": AttemptRetention(gateways, days=days),
                "cancelled deliveries": CancelledRetention(gateways, days=days),
                "polled endpoints": PollRetention(),
                "tenants": TenantAttemptRetention(gateways, gateways, days=days),
                "statistics": RollupRetention(delivery_rollup, self._settings.statistics_kept_days),
            },
        )

    def _share_with(self, workers: int) -> None:
        self._worker.endpoints.guards.share_with(workers)

    async def serve_internal(self, listener: socket.socket) -> None:
        """Serve /live, /ready, /metrics, /version and /profile until cancelled."""
        about = About("worker", version("angarium-worker"), SCHEMA.head, self._replica)
        profile = profile_of(self._settings, "worker")
        app = internal_app(self._readiness, self._metrics.scrape, about, profile)
        await serve_http(app, listener, internal_limits(self._settings))

    def _build_readiness(self) -> Readiness:
        readiness = Readiness(
            {"database": self._database.problem, "redis": partial(redis_problem, self._broker)}
        )
        readiness.require("deliveries", lambda: self._readers.running)
        readiness.require("queries", lambda: self._answers.running)
        readiness.require("replies", lambda: self._queries.running)
        readiness.require("directory", lambda: self._follower.running)
        return readiness


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
