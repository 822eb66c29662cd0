"""The gateway as a process: everything is put together here."""

import asyncio
import random
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

from angarium_chassis.database.engine import Database, open_database
from angarium_chassis.group_commit import GroupCommit
from angarium_chassis.health import Readiness
from angarium_chassis.internal_http import internal_app, serve_http
from angarium_chassis.service import internal_listener, listen, run_service, seal_of
from angarium_chassis.stopping import stop, until
from angarium_chassis.streams.broker import open_broker
from angarium_chassis.streams.directory_follower import DirectoryFollower
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.tail_reader import TailReader
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesSettled
from angarium_contracts.ids import IdMaker
from angarium_contracts.stream_names import deliveries_settled
from faststream.redis import RedisBroker

from .adapters.database.application_copy import ApplicationCopyTable
from .adapters.database.batches import BatchTable
from .adapters.database.postgres_journal import PostgresJournal
from .adapters.database.schema import SCHEMA
from .adapters.database.sqlite_journal import SqliteJournal
from .adapters.streams.batch_publisher import BatchPublisher
from .adapters.streams.stream_watch import RedisStreamWatch
from .application.commit_messages import CommitMessages
from .application.membership import Membership
from .application.recovery import Recovery
from .application.relay import Relay
from .application.settlement import Settlement
from .domain.messages import CommitOutcome, NewMessage
from .domain.open_batches import OpenBatches
from .settings import Settings

SERVICE = "gateway"
SETTLE_BEFORE_STOP_S = 3.0


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


@dataclass(frozen=True, slots=True)
class _HotPath:
    """What carries messages from the API to the streams and closes their batches."""

    journal: PostgresJournal | SqliteJournal
    window: OpenBatches
    commits: GroupCommit[NewMessage, CommitOutcome]
    relay: Relay
    settlement: Settlement
    settled: TailReader[DeliveriesSettled]
    recovery: Recovery
    membership: Membership


def _hot_path(
    settings: Settings, database: Database, broker: RedisBroker, replica: str, make_id: IdMaker
) -> _HotPath:
    journal_type = PostgresJournal if database.on_postgres else SqliteJournal
    journal = journal_type(
        database,
        clock_us=lambda: time.time_ns() // 1_000,
        key_life_us=settings.idempotency_key_life_s * 1_000_000,
    )
    batches = BatchTable(database)
    window = OpenBatches(settings.window_bytes)
    settle_to = deliveries_settled(replica)
    relay = Relay(
        BatchPublisher(broker, settle_to=settle_to),
        batches,
        window,
        owner=replica,
        clock_s=time.monotonic,
    )
    commit = CommitMessages(
        journal, relay, owner=replica, stream_count=settings.stream_count, make_id=make_id
    )
    settlement = Settlement(window, batches, relay, owner=replica, clock_s=time.monotonic)
    return _HotPath(
        journal=journal,
        window=window,
        commits=GroupCommit(commit),
        relay=relay,
        settlement=settlement,
        settled=TailReader(
            broker,
            stream=settle_to,
            reader=Reader(DeliveriesSettled),
            handle=settlement.on_settled,
            trim=True,
            entries_max=256,
        ),
        recovery=Recovery(
            RedisStreamWatch(broker, replica=replica),
            window,
            relay,
            batches,
            owner=replica,
            clock_s=time.monotonic,
        ),
        membership=Membership(batches, window, relay, owner=replica),
    )
