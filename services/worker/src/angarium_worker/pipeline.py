"""The way of a delivery through one worker process, put together."""

import asyncio
import random
import secrets
import time
from collections.abc import Coroutine
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_chassis.database.kept_table import KeptTable
from angarium_chassis.retention import RetentionLoop
from angarium_chassis.sealing import Seal
from angarium_chassis.streams.query_client import QueryClient
from angarium_chassis.streams.writer import StreamWriter
from angarium_contracts.ids import IdMaker
from angarium_webhooks.operational_outbox import Outbox

from .adapters.database.attempt_retention import CancelledRetention, TenantAttemptRetention
from .adapters.database.delivery_pages import DeliveryPages
from .adapters.database.delivery_questions import DeliveryQuestions
from .adapters.database.endpoint_rows import EndpointRows
from .adapters.database.endpoint_stats import EndpointStatsReader
from .adapters.database.health_rows import HealthTable
from .adapters.database.outbox_rows import OutboxTable
from .adapters.database.stores import stores_on
from .adapters.database.tables import attempt
from .adapters.sealed_settings import opener
from .adapters.streams.chunks import ChunkSettlement, Entry
from .adapters.streams.dispatcher_endpoints import DispatcherEndpoints
from .adapters.streams.message_order import MessageOrder
from .adapters.streams.tenant_retentions import GatewayRetentions
from .application.capacity.delivery_slots import DeliverySlots
from .application.capacity.wake_signal import WakeSignal
from .application.capacity.worker_counters import WorkerCounters
from .application.delivery.deliver_chunk import DeliverChunk
from .application.delivery.drain import drain
from .application.delivery.first_attempts import FirstAttempts
from .application.delivery.leased_attempts import LeasedAttempts
from .application.delivery.make_attempt import MakeAttempt
from .application.delivery.retry_scheduler import RetryScheduler
from .application.destinations.destination import Sender
from .application.endpoints.closed_endpoints import ClosedEndpoints
from .application.endpoints.endpoint_cache import EndpointCache
from .application.endpoints.endpoint_changes import EndpointChanges
from .application.endpoints.endpoint_guards import EndpointGuards
from .application.endpoints.endpoint_health import EndpointHealth
from .application.endpoints.gone_endpoints import GoneEndpoints
from .application.endpoints.retry_after_cache import RetryAfterCache
from .application.lanes.lane_context import LaneContext
from .application.lanes.lane_scheduler import LaneScheduler
from .application.ledger.recorder import Recorder
from .application.operations.operator_commands import OperatorCommands
from .domain.fair_turns import SlotShares
from .settings import LEASE_MARGIN_S, Settings

LANE_TURN_S = 2.0
FENCE_BITS = 48
"""Of the fences that processes choose for themselves: no two choose the same."""


class Pipeline:
    """The parts of one worker between what comes in and what goes on record. `tasks` owns the
    tasks that they start."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        queries: QueryClient,
        writer: StreamWriter,
        sender: Sender,
        seal: Seal,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._lease_s = settings.retry_lease_s
        self.tally = WorkerCounters()
        self._stores = stores_on(
            database, lease_s=self._lease_s, count_ended=self.tally.count_cancelled
        )
        self.ledger = self._stores.ledger
        self.room = DeliverySlots(
            sending_max=settings.deliveries_in_flight_max,
            bytes_max=settings.payload_bytes_in_hand_max,
        )
        self.gates = EndpointGuards(time.monotonic, random.random)
        self._shares = SlotShares(settings.deliveries_in_flight_max)
        self._bell, self._lane_bell = WakeSignal(), WakeSignal()
        self._outbox = Outbox(queries, OutboxTable(database))
        self._recorder = Recorder(self.ledger, self._outbox.wake)
        self._settlement = ChunkSettlement(writer)
        self._build_account_of_endpoints(database, queries, seal)
        self._make = self._attempts_through(sender)
        self._leased = LeasedAttempts(
            self._make,
            self._recorder,
            self.gates,
            self._shares,
            self.room,
            self.tally,
            self._bell,
            self._lane_bell,
        )
        self._retries = self._build_retries()
        self._retention = self._build_retention(database, queries)
        self.lanes = self._build_lanes(queries)
        self.deliver = self._build_deliver()
        self.book.on_change = EndpointChanges(
            self.gates, self.lanes, self._closed.changed, self.health.changed
        )
        self.commands = OperatorCommands(
            self._stores.by_hand,
            self.book,
            DeliveryQuestions(database),
            EndpointStatsReader(
                database, lease_s=self._lease_s, concurrency_limit_of=self.gates.limit_of
            ),
            DeliveryPages(database, lease_s=self._lease_s),
            notify=self._notify,
            lease_s=self._lease_s,
        )

    def _build_account_of_endpoints(
        self, database: Database, queries: QueryClient, seal: Seal
    ) -> None:
        dispatcher = DispatcherEndpoints(queries)
        self.book = EndpointCache(EndpointRows(database), dispatcher, opener(seal))
        self._gone = GoneEndpoints(self.book, dispatcher, self.ledger, lease_s=self._lease_s)
        self._closed = ClosedEndpoints(self._stores.by_hand, self.book, lease_s=self._lease_s)
        self.health = EndpointHealth(
            HealthTable(database),
            dispatcher,
            self._settings.disable_rule,
            clock_ns=time.time_ns,
        )

    def _attempts_through(self, sender: Sender) -> MakeAttempt:
        return MakeAttempt(
            sender,
            self._settings.schedule,
            self.tally,
            RetryAfterCache(time.time_ns),
            self._gone,
            self.health,
            timeout_s=self._settings.attempt_timeout_s,
            timeout_s_max=self._lease_s - LEASE_MARGIN_S,
            make_id=IdMaker(time.time_ns, random.getrandbits),
            clock_ns=time.time_ns,
            random=random.random,
        )

    def _build_retries(self) -> RetryScheduler:
        return RetryScheduler(
            ledger=self.ledger,
            book=self.book,
            leased=self._leased,
            make=self._make,
            gates=self.gates,
            room=self.room,
            bell=self._bell,
            tasks=self._tasks,
            lease_s=self._lease_s,
        )

    def _build_retention(self, database: Database, queries: QueryClient) -> RetentionLoop:
        days = self._settings.attempt_retention_days
        return RetentionLoop(
            database,
            {
                "attempts": KeptTable(attempt, days=days),
                "cancelled deliveries": CancelledRetention(days=days),
                "tenants": TenantAttemptRetention(GatewayRetentions(queries), days=days),
            },
        )

    def _build_lanes(self, queries: QueryClient) -> LaneScheduler:
        parts = LaneContext(
            leased=self._leased,
            make=self._make,
            gates=self.gates,
            order=MessageOrder(queries),
            close=self._closed.close,
            bell=self._lane_bell,
        )
        return LaneScheduler(
            lanes=self._stores.lanes,
            ledger=self.ledger,
            book=self.book,
            parts=parts,
            room=self.room,
            bell=self._lane_bell,
            lease_s=self._lease_s,
            turn_s=LANE_TURN_S,
        )

    def _build_deliver(self) -> DeliverChunk[Entry]:
        firsts = FirstAttempts(
            book=self.book,
            make=self._make,
            gates=self.gates,
            shares=self._shares,
            leased=self._leased,
            room=self.room,
        )
        return DeliverChunk(
            book=self.book,
            make=self._make,
            firsts=firsts,
            leased=self._leased,
            ledger=self.ledger,
            recorder=self._recorder,
            settlement=self._settlement,
            room=self.room,
            tally=self.tally,
            tasks=self._tasks,
            bell=self._bell,
            lane_bell=self._lane_bell,
            linger_s=self._settings.chunk_linger_s,
            lease_s=self._lease_s,
            entry_lease_s=self._settings.entry_lease_s,
            first_fence=1 + secrets.randbits(FENCE_BITS),
        )

    def _notify(self) -> None:
        self._bell.notify(0)
        self._lane_bell.notify(0)

    def support(self) -> list[Coroutine[Any, Any, None]]:
        """What must go on until the last outcome is recorded."""
        return [
            self._recorder.run(),
            self._settlement.run(),
            self._gone.run(),
            self._closed.run(),
            self.health.run(),
            self._outbox.run(),
            self._retention.run(),
        ]

    def intake(self) -> list[Coroutine[Any, Any, None]]:
        """What begins attempts by itself."""
        return [self._retries.run(), self.lanes.run()]

    async def drain(self) -> None:
        """Let what is in hand end, once nothing new is taken in."""
        await drain(
            self.deliver,
            self._retries,
            self.lanes,
            self._leased,
            self.ledger,
            self.room,
            grace_s=self._settings.stop_grace_s,
        )
