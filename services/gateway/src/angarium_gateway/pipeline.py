"""The way of a message through one gateway process, put together."""

import time
from dataclasses import dataclass

from angarium_chassis.database.engine import Database
from angarium_chassis.group_commit import GroupCommit
from angarium_chassis.streams.tail_reader import TailReader
from angarium_contracts.contract import Reader
from angarium_contracts.hot_path import DeliveriesSettled
from angarium_contracts.stream_names import (
    deliveries_settled,
)
from faststream.redis import RedisBroker

from .adapters.database.batches import BatchTable
from .adapters.database.postgres_journal import PostgresJournal
from .adapters.database.schedule import ScheduleTable
from .adapters.database.sqlite_journal import SqliteJournal
from .adapters.streams.batch_publisher import BatchPublisher
from .adapters.streams.stream_watch import RedisStreamWatch
from .application.accept.commit_messages import CommitMessages
from .application.publish.membership import Membership
from .application.publish.recovery import Recovery
from .application.publish.relay import Relay
from .application.publish.schedule import Scheduler
from .application.publish.settlement import Settlement
from .domain.messages import CommitOutcome, NewMessage
from .domain.open_batches import OpenBatches
from .settings import Settings


@dataclass(frozen=True, slots=True)
class HotPath:
    """What carries messages from the API to the streams and closes their batches."""

    journal: PostgresJournal | SqliteJournal
    window: OpenBatches
    commits: GroupCommit[NewMessage, CommitOutcome]
    scheduled: GroupCommit[NewMessage, CommitOutcome]
    scheduler: Scheduler
    relay: Relay
    settlement: Settlement
    settled: TailReader[DeliveriesSettled]
    recovery: Recovery
    membership: Membership


def hot_path(settings: Settings, database: Database, broker: RedisBroker, replica: str) -> HotPath:
    """Put it together for one process, `replica`."""
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
    commit = CommitMessages(journal, relay, owner=replica, stream_count=settings.stream_count)
    settlement = Settlement(window, batches, relay, owner=replica, clock_s=time.monotonic)
    return HotPath(
        journal=journal,
        window=window,
        commits=GroupCommit(commit),
        scheduled=GroupCommit(journal.schedule),
        scheduler=Scheduler(
            ScheduleTable(database), relay, owner=replica, stream_count=settings.stream_count
        ),
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
