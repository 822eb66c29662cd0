"""The gateway process: opens its database, sockets and broker, and runs one gateway over them."""

import asyncio
import random
import socket
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from importlib.metadata import version
from uuid import uuid4

from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import open_with_replica
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import About, internal_app, serve_http
from angarium_chassis.metrics.service_metrics import Process, ServiceMetrics, SharedFigures
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.service import (
    internal_limits,
    internal_listener,
    listen,
    log_start,
    profile_of,
    run_service,
    seal_of,
)
from angarium_chassis.statistics.recording_order import follow_restored
from angarium_chassis.statistics.roller import Roller
from angarium_chassis.statistics.rollup_table import RollupRetention
from angarium_chassis.stopping import serve_and_drain, stop, until
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.process_registry import ProcessHeartbeat
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_chassis.streams.stream_numbers import StreamNumberAnnouncer
from angarium_chassis.streams.tail_reader import TailReader
from angarium_chassis.tls.server_certificate import ServerCertificate
from angarium_chassis.tracing.spans import Spans
from angarium_chassis.tracing.tracing import open_tracing
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesSettled
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    GATEWAY_QUERIES,
    GATEWAYS,
    WORKER_QUERIES,
    deliveries_settled,
)
from angarium_webhooks.directory_follower import DirectoryFollower
from faststream.redis import RedisBroker

from .adapters.database.application_copy import ApplicationCopyTable
from .adapters.database.message_rollups import counted_ledgers, order_of_messages
from .adapters.database.message_terms import MessageTermIndexer
from .adapters.database.postgres_journal import PostgresJournal
from .adapters.database.retention_tasks import retention_tasks
from .adapters.database.schema import SCHEMA
from .adapters.database.tables import backlog_sample, message_rollup
from .adapters.metrics import GatewayMetrics
from .adapters.streams.batch_publisher import BatchPublisher
from .adapters.streams.platform_view import SERVICES, RedisPlatformView
from .adapters.streams.quarantine_shelf import RedisShelf
from .adapters.streams.quota_counts import RedisQuotaCounts
from .adapters.streams.service_answers import QUESTIONS, ServiceAnswers, ServiceQuestion
from .adapters.streams.service_queries import ServiceQueries
from .adapters.streams.stream_watch import RedisStreamWatch
from .application.publish.settlement import Settlement
from .application.unavailable import JournalUnavailable
from .build_gateway import build_gateway
from .examination import journal_figures
from .examination.journal_figures import JournalFigures
from .gateway_limits import limits_of, public_limits
from .gateway_ports import StreamPorts, clocks, open_journal, ports_over
from .public_certificate import public_certificate
from .settings import Settings

SERVICE = "gateway"
SETTLE_BEFORE_STOP_S = 3.0


def main() -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    run_service(SERVICE, Settings, run)


async def run(settings: Settings) -> None:
    """Serve the API and relay messages until cancelled. Raises `StartRefused`."""
    async with AsyncExitStack() as opened:
        database = open_with_replica(
            settings.database_url.get_secret_value(),
            settings.gateway_replica_url.get_secret_value(),
            connections_max=settings.database_connections_max,
        )
        opened.push_async_callback(database.close)
        await SCHEMA.require_current(database)
        await SCHEMA.require_key(database, seal_of(settings))
        await follow_restored(database, order_of_messages(database))
        certificate = public_certificate(settings)
        public = listen(settings.host, settings.port, "ANGARIUM_HOST or ANGARIUM_PORT")
        opened.callback(public.close)
        internal = internal_listener(settings)
        if internal is not None:
            opened.callback(internal.close)
        broker = open_broker(settings.redis_url.get_secret_value())
        opened.push_async_callback(broker.stop)
        await broker.connect()
        replica = uuid4().hex
        log_start(settings, version=version("angarium-gateway"), replica=replica)
        spans = await opened.enter_async_context(
            open_tracing(
                settings, service=SERVICE, version=version("angarium-gateway"), replica=replica
            )
        )
        await _work(settings, database, broker, public, certificate, internal, replica, spans)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


def _settled_reader(
    broker: RedisBroker, stream: str, settlement: Settlement
) -> TailReader[DeliveriesSettled]:
    return TailReader(
        broker,
        stream=stream,
        reader=Reader(DeliveriesSettled),
        handle=settlement.on_settled,
        trim=True,
        entries_max=256,
    )


def _query_server(
    broker: RedisBroker, replica: str, answers: ServiceAnswers
) -> QueryServer[ServiceQuestion]:
    return QueryServer(
        broker,
        stream=GATEWAY_QUERIES,
        group=GATEWAYS,
        consumer=replica,
        questions=QUESTIONS,
        answer=answers.answer,
        quarantine=Quarantine(broker, SERVICE),
        clock_ms=_unix_ms,
        clock_s=time.monotonic,
    )


def _retention(settings: Settings, database: Database) -> RetentionLoop:
    return RetentionLoop(
        database,
        {
            **retention_tasks(
                database,
                message_days=settings.message_retention_days,
                audit_days=settings.audit_retention_days,
                key_life_s=settings.idempotency_key_life_s,
            ),
            "statistics": RollupRetention(message_rollup, settings.statistics_kept_days),
            "backlog": RollupRetention(backlog_sample, settings.statistics_kept_days),
        },
    )


def _roller(settings: Settings, database: Database) -> Roller:
    return Roller(
        database,
        counted_ledgers(database),
        every_s=settings.statistics_every_s,
        then=MessageTermIndexer(database).turn,
    )


async def _work(
    settings: Settings,
    database: Database,
    broker: RedisBroker,
    public: socket.socket,
    certificate: ServerCertificate | None,
    internal: socket.socket | None,
    replica: str,
    spans: Spans | None,
) -> None:
    make_id = IdMaker(time.time_ns, random.getrandbits)
    queries = QueryClient(
        broker, replica=replica, clock_ms=_unix_ms, timeout_s=settings.query_timeout_s
    )
    settle_to = deliveries_settled(replica)
    streams = StreamPorts(
        publish=BatchPublisher(broker, settle_to=settle_to),
        watch=RedisStreamWatch(broker, replica=replica, stream_count=settings.stream_count),
        ask_dispatcher=ServiceQueries(queries, DISPATCHER_QUERIES),
        ask_worker=ServiceQueries(queries, WORKER_QUERIES),
        quota_counts=RedisQuotaCounts(lambda: redis_of(broker)),
        platform=RedisPlatformView(
            lambda: redis_of(broker),
            stream_count=settings.stream_count,
            entry_lease_s=settings.entry_lease_s,
        ),
        shelves={name: RedisShelf(lambda: redis_of(broker), name) for name in SERVICES},
    )
    heartbeat = ProcessHeartbeat(
        lambda: redis_of(broker),
        database,
        service=SERVICE,
        replica=replica,
        version=version("angarium-gateway"),
        key_ids=seal_of(settings).key_ids,
        schema=SCHEMA.head,
        stream_count=settings.stream_count,
        clock_ms=_unix_ms,
    )
    copy = ApplicationCopyTable(database)
    journal = open_journal(settings, database)
    if isinstance(journal, PostgresJournal):
        with suppress(JournalUnavailable):
            # Or the first clients of a new replica would wait for it.
            await journal.prepare()
    ports = replace(
        ports_over(database, journal, streams, settings, copy=copy, make_id=make_id), spans=spans
    )
    readiness = Readiness({"database": database.problem})
    gateway = build_gateway(
        ports,
        limits_of(settings),
        clocks(make_id),
        replica=replica,
        is_stopping=lambda: readiness.stopping,
    )
    copy.on_change(gateway.directory.forget)
    path = gateway.hot_path
    announcer = StreamNumberAnnouncer(
        lambda: redis_of(broker),
        count=settings.stream_count,
        of_open_batches=path.window.stream_numbers,
    )
    settled = _settled_reader(broker, settle_to, path.settlement)
    answers = _query_server(broker, replica, gateway.answers)
    readiness.require("settlements", lambda: settled.running)
    readiness.require("answers", lambda: queries.running)
    readiness.require("queries", lambda: answers.running)
    roller = _roller(settings, database)
    follower = DirectoryFollower(
        broker,
        queries,
        copy,
        with_applications=True,
        on_entry=lambda entry: gateway.schemas.follow(entry.policy_version, entry.policy_tenants),
    )
    metrics = ServiceMetrics(
        Process(
            SERVICE,
            version("angarium-gateway"),
            replica,
            readiness,
            database,
            lambda: redis_of(broker),
        ),
        settings,
        collectors=[
            GatewayMetrics(
                path,
                clock_s=time.monotonic,
                directory_age_s=lambda: follower.age_s,
                statistics_lag_s=lambda: roller.lag_s,
            )
        ],
        shared=[
            SharedFigures(
                journal_figures.SUBJECT,
                JournalFigures(database, top_n=settings.metrics_top_n).read,
                journal_figures.EVERY_S,
            )
        ],
    )
    async with asyncio.TaskGroup() as tasks:
        if internal is not None:
            about = About(SERVICE, version("angarium-gateway"), SCHEMA.head, replica)
            app = internal_app(readiness, metrics.scrape, about, profile_of(settings, SERVICE))
            tasks.create_task(serve_http(app, internal, internal_limits(settings)))
        tls = None
        if certificate is not None:
            tls = certificate.context
            tasks.create_task(certificate.run())
        commits = [tasks.create_task(work) for work in (path.commits.run(), path.scheduled.run())]
        loops = [
            tasks.create_task(work)
            for work in (
                path.relay.run(),
                path.scheduler.run(),
                settled.run(),
                path.settlement.run(),
                path.recovery.run(),
                path.membership.run(),
                queries.run(),
                answers.run(),
                follower.run(),
                gateway.redelivery.runner.run(),
                gateway.last_uses.run(),
                gateway.violations.run(),
                gateway.erasure.run(),
                heartbeat.run(),
                announcer.run(),
                _retention(settings, database).run(),
                roller.run(),
                metrics.run(),
                gateway.sample_backlog.run(),
            )
        ]
        try:
            await serve_and_drain(
                asyncio.create_task(serve_http(gateway.http, public, public_limits(settings), tls)),
                readiness,
                drain_s=settings.drain_s,
                needed=[*commits, *loops],
            )
        finally:
            # Messages that clients wait for are committed first, then their batches may settle:
            # a batch that is left open is published again by the replica that adopts it.
            await stop(*commits)
            await until(lambda: not path.window.ids(), timeout_s=SETTLE_BEFORE_STOP_S)
            await stop(*loops)
            await journal.close()
