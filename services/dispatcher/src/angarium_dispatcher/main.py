"""The dispatcher as a process: adapters are opened here and passed to the composition."""

import asyncio
import os
import random
import socket
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from uuid import uuid4

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import About, internal_app, serve_http
from angarium_chassis.metrics.service_metrics import Process, ServiceMetrics
from angarium_chassis.sealing import Seal
from angarium_chassis.service import (
    internal_limits,
    internal_listener,
    log_start,
    profile_of,
    run_service,
    seal_of,
)
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
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.examination import ExamineService
from angarium_contracts.hot_path import MessagesAccepted
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import (
    DISPATCHER_QUERIES,
    DISPATCHERS,
    deliveries_requested,
    messages_accepted,
)
from angarium_webhooks.operational_outbox import Outbox
from faststream.redis import RedisBroker

from .adapters.database.configuration_changes import DatabaseConfiguration
from .adapters.database.configuration_reads import DatabaseReads
from .adapters.database.operational_events import OperationalEventRows
from .adapters.database.schedule_watch import ScheduleWatch
from .adapters.database.schema import SCHEMA
from .adapters.metrics import DispatchMetrics
from .adapters.streams.announce_changes import ChangeAnnouncer
from .adapters.streams.answer_queries import QueryAnswers
from .adapters.streams.dispatch_batches import ShutdownSignal
from .build_dispatcher import Dispatcher, DispatcherClocks, DispatcherPorts, build_dispatcher
from .examination import DispatcherExamination
from .settings import Settings

SERVICE = "dispatcher"


def main() -> None:
    """Run the dispatcher until it is stopped."""
    run_service(SERVICE, Settings, run)


async def run(settings: Settings) -> None:
    """Answer queries and dispatch messages until cancelled. Raises `StartRefused`."""
    seal = seal_of(settings)
    async with AsyncExitStack() as opened:
        database = open_database(
            settings.database_url.get_secret_value(),
            connections_max=settings.database_connections_max,
        )
        opened.push_async_callback(database.close)
        await SCHEMA.require_current(database)
        await SCHEMA.require_key(database, seal)
        listener = internal_listener(settings)
        if listener is not None:
            opened.callback(listener.close)
        broker = open_broker(settings.redis_url.get_secret_value())
        opened.push_async_callback(broker.stop)
        await broker.connect()
        replica = uuid4().hex
        log_start(settings, version=version("angarium-dispatcher"), replica=replica)
        spans = await opened.enter_async_context(
            open_tracing(
                settings, service=SERVICE, version=version("angarium-dispatcher"), replica=replica
            )
        )
        await _work(settings, database, broker, seal, listener, replica, spans)


async def _work(
    settings: Settings,
    database: Database,
    broker: RedisBroker,
    seal: Seal,
    listener: socket.socket | None,
    replica: str,
    spans: Spans | None,
) -> None:
    writer = StreamWriter(broker)
    quarantine = Quarantine(broker, SERVICE)
    reads = DatabaseReads(database)
    announcer = ChangeAnnouncer(writer, reads)
    query_client = QueryClient(broker, replica=replica, clock_ms=_clock_ms)
    outbox = Outbox(query_client, OperationalEventRows(database))
    ports = DispatcherPorts(DatabaseConfiguration(database), reads, announcer, outbox.wake, seal)
    dispatcher = build_dispatcher(ports, settings, _system_clocks())
    dispatcher.answers.answer_with(ExamineService, DispatcherExamination(database, seal))
    heartbeat = ProcessHeartbeat(
        lambda: redis_of(broker),
        database,
        service=SERVICE,
        replica=replica,
        version=version("angarium-dispatcher"),
        key_ids=seal.key_ids,
        schema=SCHEMA.head,
        stream_count=settings.stream_count,
        clock_ms=_clock_ms,
    )
    shutdown = ShutdownSignal()
    queries = _query_server(broker, replica, quarantine, dispatcher.answers)
    dispatched = DispatchMetrics(dispatcher.cache)
    readers = _message_readers(
        settings, broker, replica, quarantine, dispatcher, writer, dispatched, shutdown, spans
    )
    readiness = Readiness({"database": database.problem, "redis": partial(redis_problem, broker)})
    readiness.require("queries", lambda: queries.running)
    readiness.require("messages", lambda: readers.running)
    readiness.require("replies", lambda: query_client.running)
    metrics = ServiceMetrics(
        Process(
            SERVICE,
            version("angarium-dispatcher"),
            replica,
            readiness,
            database,
            lambda: redis_of(broker),
        ),
        settings,
        collectors=[dispatched],
    )
    async with asyncio.TaskGroup() as tasks:
        if listener is not None:
            about = About(SERVICE, version("angarium-dispatcher"), SCHEMA.head, replica)
            app = internal_app(readiness, metrics.scrape, about, profile_of(settings, SERVICE))
            tasks.create_task(serve_http(app, listener, internal_limits(settings)))
        tasks.create_task(metrics.run())
        tasks.create_task(announcer.run())
        tasks.create_task(ScheduleWatch(database, dispatcher.cache.forget_tenants).run())
        tasks.create_task(query_client.run())
        tasks.create_task(outbox.run())
        tasks.create_task(queries.run())
        tasks.create_task(heartbeat.run())
        tasks.create_task(readers.run())
        tasks.create_task(shutdown.run())


def _system_clocks() -> DispatcherClocks:
    return DispatcherClocks(
        now=lambda: datetime.now(UTC),
        new_id=IdMaker(time.time_ns, random.getrandbits),
        random_bytes=os.urandom,
    )


def _message_readers(
    settings: Settings,
    broker: RedisBroker,
    replica: str,
    quarantine: Quarantine,
    dispatcher: Dispatcher,
    writer: StreamWriter,
    metrics: DispatchMetrics,
    shutdown: ShutdownSignal,
    spans: Spans | None,
) -> NumberedReaders[MessagesAccepted]:
    def make(number: int) -> GroupReader[MessagesAccepted]:
        return GroupReader(
            broker,
            stream=messages_accepted(number),
            group=DISPATCHERS,
            consumer=replica,
            reader=Reader(MessagesAccepted),
            handle=dispatcher.batch_dispatch(
                writer,
                metrics,
                requests=deliveries_requested(number),
                pause=shutdown.pause,
                spans=spans,
            ),
            quarantine=quarantine,
            clock_s=time.monotonic,
            lease_s=settings.entry_lease_s,
        )

    return NumberedReaders(lambda: redis_of(broker), count=settings.stream_count, make=make)


def _query_server(
    broker: RedisBroker, replica: str, quarantine: Quarantine, answers: QueryAnswers
) -> QueryServer[Contract]:
    return QueryServer(
        broker,
        stream=DISPATCHER_QUERIES,
        group=DISPATCHERS,
        consumer=replica,
        questions=answers.questions,
        answer=answers.answer,
        quarantine=quarantine,
        clock_ms=_clock_ms,
        clock_s=time.monotonic,
    )


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
