"""The gateway as a process: everything is put together here."""

import asyncio
import os
import random
import socket
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import uuid4

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import internal_app, serve_http
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.service import internal_listener, listen, run_service, seal_of
from angarium_chassis.stopping import stop, until
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.quarantine import Quarantine
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.query_server import QueryServer
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    GATEWAY_QUERIES,
    GATEWAYS,
    WORKER_QUERIES,
)
from angarium_webhooks.directory_follower import DirectoryFollower
from faststream.redis import RedisBroker

from .adapters.database.api_keys import ApiKeyTable
from .adapters.database.application_copy import ApplicationCopyTable
from .adapters.database.audit_log import AuditLogTable
from .adapters.database.background_tasks import BackgroundTaskTable
from .adapters.database.idempotency_keys import StoredIdempotencyKeys
from .adapters.database.message_queries import StoredMessages
from .adapters.database.open_messages import OpenMessages
from .adapters.database.replayed_messages import StoredReplayedMessages
from .adapters.database.retention_tasks import retention_tasks
from .adapters.database.retention_tenants import TenantRetentionColumn
from .adapters.database.schedule import ScheduleTable
from .adapters.database.schema import SCHEMA
from .adapters.http.accept_route import AcceptRoute
from .adapters.http.application import create_api
from .adapters.http.dependencies import ApiDependencies
from .adapters.streams.service_answers import QUESTIONS, ServiceAnswers, ServiceQuestion
from .adapters.streams.service_queries import ServiceQueries
from .application.accept.accept_message import AcceptMessage
from .application.accept.sealed_answers import SealedAnswers
from .application.configuration.application_directory import ApplicationDirectory
from .application.configuration.change_configuration import ChangeConfiguration
from .application.configuration.create_missing import CreateMissing
from .application.configuration.endpoint_secrets import EndpointSecrets
from .application.read.attempts import ReadAttempts
from .application.read.deliveries import ReadDeliveries
from .application.redelivery.cancel_deliveries import CancelPendingDeliveries
from .application.redelivery.redelivery import Redelivery, build_redelivery
from .application.tenants.authentication import Authenticator
from .application.tenants.publish_operational_events import PublishOperationalEvents
from .application.tenants.record_change import RecordChange
from .pipeline import hot_path
from .settings import Settings

SERVICE = "gateway"
SETTLE_BEFORE_STOP_S = 3.0
TASK_LEASE_S = 10.0
"""How long a background task is held beyond what its questions may take."""


def main() -> None:
    """Run the gateway until it is told to stop."""
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
        public = listen(settings.host, settings.port, "ANGARIUM_HOST or ANGARIUM_PORT")
        opened.callback(public.close)
        internal = internal_listener(settings)
        if internal is not None:
            opened.callback(internal.close)
        broker = open_broker(settings.redis_url.get_secret_value())
        opened.push_async_callback(broker.stop)
        await broker.connect()
        await _work(settings, database, broker, public, internal)


def _redelivery(
    settings: Settings,
    database: Database,
    queries: QueryClient,
    directory: ApplicationDirectory,
    make_id: IdMaker,
) -> Redelivery:
    return build_redelivery(
        directory=directory,
        journal=StoredMessages(database),
        replayed=StoredReplayedMessages(database),
        tasks=BackgroundTaskTable(database),
        ask_dispatcher=ServiceQueries(queries, DISPATCHER_QUERIES),
        ask_worker=ServiceQueries(queries, WORKER_QUERIES),
        make_id=make_id,
        now=lambda: datetime.now(UTC),
        clock_s=time.monotonic,
        messages_per_s=settings.background_messages_per_s,
        lease_s=TASK_LEASE_S + 4 * settings.query_timeout_s,
    )


def _api(
    settings: Settings,
    database: Database,
    queries: QueryClient,
    directory: ApplicationDirectory,
    accept: AcceptMessage,
    redelivery: Redelivery,
    make_id: IdMaker,
) -> AcceptRoute:
    keys = ApiKeyTable(
        database, make_id=make_id, now=lambda: datetime.now(UTC), random_bytes=os.urandom
    )
    authenticator = Authenticator(keys, time.monotonic)
    ask_dispatcher = ServiceQueries(queries, DISPATCHER_QUERIES)
    change = ChangeConfiguration(ask_dispatcher, directory)
    messages, audit_log = StoredMessages(database), AuditLogTable(database)
    seal = seal_of(settings)
    rest = create_api(
        ApiDependencies(
            authenticator=authenticator,
            idempotency_keys=SealedAnswers(StoredIdempotencyKeys(database), seal),
            ask_dispatcher=ask_dispatcher,
            change_configuration=change,
            endpoint_secrets=EndpointSecrets(ask_dispatcher, seal),
            directory=directory,
            journal=messages,
            read_attempts=ReadAttempts(
                directory=directory,
                journal=messages,
                ask_dispatcher=ask_dispatcher,
                ask_worker=ServiceQueries(queries, WORKER_QUERIES),
            ),
            read_deliveries=ReadDeliveries(
                directory=directory,
                journal=messages,
                ask_dispatcher=ask_dispatcher,
                ask_worker=ServiceQueries(queries, WORKER_QUERIES),
            ),
            redelivery=redelivery,
            cancel=CancelPendingDeliveries(
                directory=directory,
                journal=messages,
                schedule=ScheduleTable(database),
                ask_dispatcher=ask_dispatcher,
                ask_worker=ServiceQueries(queries, WORKER_QUERIES),
            ),
            retentions=TenantRetentionColumn(database),
            audit_log=audit_log,
            record_change=RecordChange(audit_log, make_id),
        )
    )
    return AcceptRoute(
        rest,
        authenticator,
        accept,
        CreateMissing(change),
        payload_bytes_max=settings.payload_bytes_max,
    )


def _answers(
    database: Database,
    broker: RedisBroker,
    replica: str,
    accept: AcceptMessage,
    copy: ApplicationCopyTable,
) -> QueryServer[ServiceQuestion]:
    answers = ServiceAnswers(
        OpenMessages(database),
        PublishOperationalEvents(accept, copy, StoredMessages(database)),
        TenantRetentionColumn(database),
    )
    return QueryServer(
        broker,
        stream=GATEWAY_QUERIES,
        group=GATEWAYS,
        consumer=replica,
        questions=QUESTIONS,
        answer=answers.answer,
        quarantine=Quarantine(broker, SERVICE),
        clock_ms=lambda: time.time_ns() // 1_000_000,
        clock_s=time.monotonic,
    )


async def _work(
    settings: Settings,
    database: Database,
    broker: RedisBroker,
    public: socket.socket,
    internal: socket.socket | None,
) -> None:
    replica = uuid4().hex
    make_id = IdMaker(time.time_ns, random.getrandbits)
    queries = QueryClient(
        broker,
        replica=replica,
        clock_ms=lambda: time.time_ns() // 1_000_000,
        timeout_s=settings.query_timeout_s,
    )
    copy = ApplicationCopyTable(database)
    directory = ApplicationDirectory(copy, ServiceQueries(queries, DISPATCHER_QUERIES))
    copy.on_change(directory.forget)
    follower = DirectoryFollower(broker, queries, copy, with_applications=True)
    path = hot_path(settings, database, broker, replica)
    accept = AcceptMessage(directory, path.journal, path.commits, make_id, path.scheduled)
    redelivery = _redelivery(settings, database, queries, directory, make_id)
    api = _api(settings, database, queries, directory, accept, redelivery, make_id)
    readiness = Readiness({"database": database.problem})
    readiness.require("settlements", lambda: path.settled.running)
    readiness.require("answers", lambda: queries.running)
    answers = _answers(database, broker, replica, accept, copy)
    readiness.require("queries", lambda: answers.running)
    kept = retention_tasks(
        database,
        message_days=settings.message_retention_days,
        audit_days=settings.audit_retention_days,
        key_life_s=settings.idempotency_key_life_s,
    )
    retention = RetentionLoop(database, kept)
    async with asyncio.TaskGroup() as tasks:
        if internal is not None:
            tasks.create_task(serve_http(internal_app(readiness), internal))
        commits = [tasks.create_task(work) for work in (path.commits.run(), path.scheduled.run())]
        behind = [
            tasks.create_task(work)
            for work in (
                path.relay.run(),
                path.scheduler.run(),
                path.settled.run(),
                path.settlement.run(),
                path.recovery.run(),
                path.membership.run(),
                queries.run(),
                answers.run(),
                follower.run(),
                redelivery.runner.run(),
                retention.run(),
            )
        ]
        try:
            await serve_http(api, public)
        finally:
            await stop(*commits)
            await until(lambda: not path.window.ids(), timeout_s=SETTLE_BEFORE_STOP_S)
            await stop(*behind)
            await path.journal.close()
