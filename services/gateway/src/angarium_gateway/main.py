"""The gateway process: opens its database, sockets and broker, and runs one gateway over them."""

import asyncio
import os
import random
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from uuid import uuid4

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.health import Readiness
from angarium_chassis.http_server.limits import HttpLimits
from angarium_chassis.internal_http import internal_app, serve_http
from angarium_chassis.metrics.service_metrics import Process, ServiceMetrics, SharedFigures
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.service import (
    http_limits,
    internal_limits,
    internal_listener,
    listen,
    log_start,
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
from angarium_chassis.streams.tail_reader import TailReader
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

from .adapters.console.assets import NO_ASSETS, read_built_assets
from .adapters.console.web_pages import WebPagesOptions
from .adapters.database.api_keys import ApiKeyTable
from .adapters.database.application_copy import ApplicationCopyTable
from .adapters.database.audit_log import AuditLogTable
from .adapters.database.background_tasks import BackgroundTaskTable
from .adapters.database.backlog_samples import BacklogSamples
from .adapters.database.batches import BatchTable
from .adapters.database.erasable_messages import StoredErasableMessages
from .adapters.database.expunged_payloads import ExpungedPayloads
from .adapters.database.idempotency_keys import StoredIdempotencyKeys
from .adapters.database.ingest_sources import IngestSourceTable
from .adapters.database.integrations import IntegrationTable
from .adapters.database.legal_holds import StoredLegalHolds
from .adapters.database.message_feed import MessageFeed
from .adapters.database.message_queries import StoredMessages
from .adapters.database.message_rollups import counted_ledgers, order_of_messages
from .adapters.database.message_search import MessageSearchTable
from .adapters.database.message_statistics import MessageStatistics
from .adapters.database.open_messages import OpenMessages
from .adapters.database.portal_tokens import PortalTokenTable
from .adapters.database.postgres_journal import PostgresJournal
from .adapters.database.replayed_messages import StoredReplayedMessages
from .adapters.database.retention_tasks import retention_tasks
from .adapters.database.retention_tenants import TenantRetentionColumn
from .adapters.database.schedule import ScheduleTable
from .adapters.database.schema import SCHEMA
from .adapters.database.schema_checks import TenantSchemaCheckColumn
from .adapters.database.set_aside_batches import SetAsideBatches
from .adapters.database.sign_ins import SignInTable
from .adapters.database.sqlite_journal import SqliteJournal
from .adapters.database.tables import backlog_sample, message_rollup
from .adapters.database.tenants import TenantTable
from .adapters.http.request_traces import TraceSampling
from .adapters.http.sign_in import CALLBACK_PATH
from .adapters.json_schema.payload_checks import compile_schema
from .adapters.metrics import GatewayMetrics
from .adapters.streams.batch_publisher import BatchPublisher
from .adapters.streams.platform_view import SERVICES, RedisPlatformView
from .adapters.streams.quarantine_shelf import RedisShelf
from .adapters.streams.quota_counts import RedisQuotaCounts
from .adapters.streams.service_answers import QUESTIONS, ServiceAnswers, ServiceQuestion
from .adapters.streams.service_queries import ServiceQueries
from .adapters.streams.stream_watch import RedisStreamWatch
from .application.feed.listeners import ListenerLimits
from .application.platform.platform import PlatformPorts
from .application.platform.quarantine import QuarantineWork, Shelf
from .application.publish.recovery import StreamWatch
from .application.publish.relay import PublishBatches
from .application.publish.settlement import Settlement
from .application.redelivery.redelivery import RedeliveryLimits, RedeliveryPorts
from .application.service_query import ServiceQuery
from .application.tenants.audit_chain import PURPOSE
from .application.tenants.oidc_sign_in import IdentityProvider, OidcRules
from .application.tenants.rate_limiter import SharedCounts
from .build_gateway import Clocks, GatewayLimits, GatewayPorts, build_gateway
from .build_hot_path import HotPathLimits, HotPathPorts
from .domain.cors_origins import parse_origins
from .domain.role_scopes import parse_role_scopes
from .examination import journal_figures
from .examination.answer import GatewayExamination
from .examination.journal_figures import JournalFigures
from .settings import Settings

SERVICE = "gateway"
SETTLE_BEFORE_STOP_S = 3.0
TASK_LEASE_S = 10.0
"""Added to the time that the queries of one step may take: the lease of a background task."""


def main() -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    run_service(SERVICE, Settings, run)


async def run(settings: Settings) -> None:
    """Serve the API and relay messages until cancelled. Raises `StartRefused`."""
    async with AsyncExitStack() as opened:
        database = open_database(
            settings.database_url.get_secret_value(),
            connections_max=settings.database_connections_max,
        )
        opened.push_async_callback(database.close)
        await SCHEMA.require_current(database)
        await SCHEMA.require_key(database, seal_of(settings))
        await follow_restored(database, order_of_messages(database))
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
        await _work(settings, database, broker, public, internal, replica, spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPorts:
    """The ports that Redis implements."""

    publish: PublishBatches
    watch: StreamWatch
    ask_dispatcher: ServiceQuery
    ask_worker: ServiceQuery
    quota_counts: SharedCounts
    platform: RedisPlatformView
    shelves: Mapping[str, Shelf]


def open_journal(settings: Settings, database: Database) -> PostgresJournal | SqliteJournal:
    """The journal in `database`, to be closed at the end."""
    journal_type = PostgresJournal if database.on_postgres else SqliteJournal
    return journal_type(
        database,
        clock_us=lambda: time.time_ns() // 1_000,
        key_life_us=settings.idempotency_key_life_s * 1_000_000,
    )


def ports_over(
    database: Database,
    journal: PostgresJournal | SqliteJournal,
    streams: StreamPorts,
    settings: Settings,
    *,
    copy: ApplicationCopyTable,
    make_id: IdMaker,
) -> GatewayPorts:
    """All ports of a gateway: its tables in `database`, and `streams`."""
    api_keys = ApiKeyTable(database, make_id=make_id, now=_utc_now, random_bytes=os.urandom)
    return GatewayPorts(
        hot_path=HotPathPorts(
            journal=journal,
            batches=BatchTable(database),
            schedule=ScheduleTable(database),
            publish=streams.publish,
            watch=streams.watch,
        ),
        redelivery=RedeliveryPorts(
            replayed=StoredReplayedMessages(database),
            tasks=BackgroundTaskTable(database),
            ask_dispatcher=streams.ask_dispatcher,
            ask_worker=streams.ask_worker,
        ),
        applications=copy,
        ingest_sources=IngestSourceTable(database),
        messages=StoredMessages(database),
        payloads=ExpungedPayloads(database),
        erasable=StoredErasableMessages(database),
        legal_holds=StoredLegalHolds(database),
        open_messages=OpenMessages(database),
        integrations=IntegrationTable(database, now=_utc_now, random_bytes=os.urandom),
        api_keys=api_keys,
        portal_tokens=PortalTokenTable(
            database, make_id=make_id, now=_utc_now, random_bytes=os.urandom
        ),
        sign_ins=SignInTable(database, api_keys, now=_utc_now, random_bytes=os.urandom),
        tenants=TenantTable(database, make_id=make_id, now=_utc_now),
        idempotency_keys=StoredIdempotencyKeys(database),
        audit_log=AuditLogTable(database, seal_of(settings).derived_key(PURPOSE)),
        retentions=TenantRetentionColumn(database),
        schema_checks=TenantSchemaCheckColumn(database),
        compile_schema=compile_schema,
        quota_counts=streams.quota_counts,
        seal=seal_of(settings),
        web_assets=read_built_assets() if settings.console or settings.portal else NO_ASSETS,
        followed_messages=MessageFeed(database),
        message_search=MessageSearchTable(database),
        accepted=MessageStatistics(database),
        identity_provider=identity_provider(settings),
        platform=PlatformPorts(
            streams=streams.platform,
            journal=GatewayExamination(database, seal_of(settings), streams.platform.in_streams),
            quarantine=QuarantineWork(
                streams.shelves, SetAsideBatches(database), lambda: uuid4().hex
            ),
            backlog=BacklogSamples(database),
        ),
    )


def identity_provider(settings: Settings) -> IdentityProvider | None:
    """The OpenID Connect provider; None unless the operator has set one up."""
    if settings.oidc_issuer is None:
        return None
    # Takes some time to import, which a gateway without it should not spend.
    from .adapters.oidc.provider import OidcClient, OidcProvider

    secret = settings.oidc_client_secret
    return OidcProvider(
        OidcClient(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id or "",
            secret=None if secret is None else secret.get_secret_value(),
            redirect_uri=f"{(settings.public_url or '').rstrip('/')}{CALLBACK_PATH}",
            scopes=settings.oidc_scopes,
            roles_claim=settings.oidc_roles_claim,
        )
    )


def limits_of(settings: Settings) -> GatewayLimits:
    """The bounds that the settings ask for."""
    return GatewayLimits(
        hot_path=HotPathLimits(
            window_bytes=settings.window_bytes, stream_count=settings.stream_count
        ),
        redelivery=RedeliveryLimits(
            messages_per_s=settings.background_messages_per_s,
            lease_s=TASK_LEASE_S + 4 * settings.query_timeout_s,
            hours_kept_days=settings.statistics_hours_kept_days,
        ),
        payload_bytes_max=settings.payload_bytes_max,
        cors_origins=parse_origins(settings.cors_origins),
        proxies=settings.proxies,
        message_retention_days=settings.message_retention_days,
        public_url=settings.public_url,
        documentation_url=settings.documentation_url,
        web_pages=web_pages_options(settings),
        listeners=ListenerLimits(settings.event_streams_max, settings.event_streams_per_tenant_max),
        statistics_hours_kept_days=settings.statistics_hours_kept_days,
        admin_keys_operate_platform=settings.admin_keys_operate_platform,
        oidc=OidcRules(
            name=settings.oidc_name,
            tenant=settings.oidc_tenant,
            roles=parse_role_scopes(settings.oidc_roles),
            key_life_s=settings.oidc_session_s,
        ),
        trace_sampling=TraceSampling(settings.trace_ratio, settings.trace_trust_clients),
    )


def web_pages_options(settings: Settings) -> WebPagesOptions:
    """Which of the console and the portal are served, and what may embed the portal."""
    return WebPagesOptions(
        console=settings.console,
        portal=settings.portal,
        root_leads_to_console=settings.root_leads_to_console,
        portal_frame_ancestors=settings.portal_frame_ancestors,
        portal_image_origins=settings.portal_image_origins,
    )


def public_limits(settings: Settings) -> HttpLimits:
    """The bounds of the public port."""
    return http_limits(
        settings,
        connections_max=settings.connections_max,
        connections_per_address_max=settings.connections_per_address_max,
        proxies=settings.proxies,
    )


def clocks(make_id: IdMaker) -> Clocks:
    """The clocks of this machine."""
    return Clocks(clock_s=time.monotonic, now=_utc_now, make_id=make_id)


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
    return Roller(database, counted_ledgers(database), every_s=settings.statistics_every_s)


async def _work(
    settings: Settings,
    database: Database,
    broker: RedisBroker,
    public: socket.socket,
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
        watch=RedisStreamWatch(broker, replica=replica),
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
        clock_ms=_unix_ms,
    )
    copy = ApplicationCopyTable(database)
    journal = open_journal(settings, database)
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
            tasks.create_task(
                serve_http(
                    internal_app(readiness, metrics.scrape), internal, internal_limits(settings)
                )
            )
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
                gateway.erasure.run(),
                heartbeat.run(),
                _retention(settings, database).run(),
                roller.run(),
                metrics.run(),
                gateway.sample_backlog.run(),
            )
        ]
        try:
            await serve_and_drain(
                asyncio.create_task(serve_http(gateway.http, public, public_limits(settings))),
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
