"""The composition of a worker, for production, unit tests and the simulation alike.

Whatever reaches a database, a stream or the network is a port: `main` passes adapters, tests pass
fakes and models. Nothing of the application is put together anywhere else.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from angarium_chassis.tracing.spans import Spans

from .application.capacity.capacity import Capacity
from .application.delivery.attempt_policy import AttemptPolicy
from .application.delivery.attempt_spans import AttemptSpans
from .application.delivery.deliver_chunk import ChunkTerms, DeliverChunk
from .application.delivery.first_attempts import FirstAttempts
from .application.delivery.leased_attempts import LeasedAttempts
from .application.delivery.make_attempt import MakeAttempt
from .application.delivery.retry_scheduler import RetryScheduler
from .application.delivery.settlement import Settlement
from .application.destinations.destination import Destinations
from .application.endpoints.closed_endpoints import ClosedEndpoints
from .application.endpoints.endpoint_cache import EndpointCache, EndpointCopy
from .application.endpoints.endpoint_changes import EndpointChanges
from .application.endpoints.endpoint_config import OpenSealed
from .application.endpoints.endpoint_guards import EndpointGuards
from .application.endpoints.endpoint_health import EndpointHealth
from .application.endpoints.endpoint_owner import EndpointOwner
from .application.endpoints.endpoints import Endpoints
from .application.endpoints.failing_endpoints import HealthRows
from .application.endpoints.gone_endpoints import GoneEndpoints
from .application.endpoints.retry_after_cache import RetryAfterCache
from .application.endpoints.shared_health import SharedHealth
from .application.lanes.lane_context import LaneContext, Order
from .application.lanes.lane_scheduler import LaneScheduler
from .application.lanes.lane_store import Lanes
from .application.ledger.manual_ledger import ManualLedger
from .application.ledger.recorder import Recorder
from .application.ledger.records import Ledger
from .application.operations.operator_commands import OperatorCommands
from .domain.clocks import Clocks
from .domain.worker_settings import LEASE_MARGIN_S, WorkerSettings
from .worker import Worker

FENCE_BITS = 48
"""Of the fence that a process chooses for itself: wide enough that no two choose the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts[Receipt]:
    """Ports to everything outside the process. `open_sealed` decrypts an endpoint's secrets;
    `wake_outbox` is called once the ledger holds new operational events."""

    ledger: Ledger
    manual_ledger: ManualLedger
    lanes: Lanes
    endpoint_copy: EndpointCopy
    endpoint_owner: EndpointOwner
    health_rows: HealthRows
    order: Order
    destinations: Destinations
    settlement: Settlement[Receipt]
    open_sealed: OpenSealed
    wake_outbox: Callable[[], None]
    spans: Spans | None = None


def build_worker[Receipt](
    ports: WorkerPorts[Receipt],
    settings: WorkerSettings,
    clocks: Clocks,
    tasks: asyncio.TaskGroup,
) -> Worker[Receipt]:
    """Put a worker together. `tasks` owns the tasks that its parts start."""
    return _Composition(ports, settings, clocks, tasks).worker()


class _Composition[Receipt]:
    """The parts of one worker, each built from those before it."""

    def __init__(
        self,
        ports: WorkerPorts[Receipt],
        settings: WorkerSettings,
        clocks: Clocks,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._ports = ports
        self._settings = settings
        self._clocks = clocks
        self._tasks = tasks
        self._lease_s = settings.retry_lease_s
        self._capacity = Capacity.of(
            sending_max=settings.deliveries_in_flight_max,
            bytes_max=settings.payload_bytes_in_hand_max,
        )
        self._endpoints = self._build_endpoints()
        self._recorder = Recorder(ports.ledger, ports.wake_outbox)
        self._make = self._build_make_attempt()
        self._leased = LeasedAttempts(
            self._make, self._recorder, self._endpoints.guards, self._capacity
        )

    def worker(self) -> Worker[Receipt]:
        """Build what takes deliveries in, and all of it together."""
        ports, endpoints, capacity = self._ports, self._endpoints, self._capacity
        lanes = self._build_lanes()
        endpoints.cache.on_change = EndpointChanges(
            endpoints.guards, lanes.wake, endpoints.closed.changed, endpoints.health.changed
        )
        return Worker(
            capacity=capacity,
            endpoints=endpoints,
            ledger=ports.ledger,
            recorder=self._recorder,
            leased=self._leased,
            deliver=self._build_deliver(),
            retries=self._build_retries(),
            lanes=lanes,
            commands=OperatorCommands(
                ports.manual_ledger,
                endpoints.cache,
                capacity.counters,
                notify=capacity.notify,
                lease_s=self._lease_s,
            ),
        )

    def _build_endpoints(self) -> Endpoints:
        ports, clocks, lease_s = self._ports, self._clocks, self._lease_s
        owner, ledger = ports.endpoint_owner, ports.manual_ledger
        cache = EndpointCache(ports.endpoint_copy, owner, ports.open_sealed, ports.destinations)
        guards = EndpointGuards(clocks.monotonic_s, clocks.random)
        health = EndpointHealth(
            ports.health_rows, owner, self._settings.disable_rule, clock_ns=clocks.unix_ns
        )
        return Endpoints(
            cache=cache,
            guards=guards,
            health=health,
            shared_health=SharedHealth(ports.health_rows, health, guards, clock_ns=clocks.unix_ns),
            gone=GoneEndpoints(cache, owner, ports.ledger, lease_s=lease_s),
            closed=ClosedEndpoints(ledger, cache, self._capacity.counters, lease_s=lease_s),
            retry_after=RetryAfterCache(clocks.unix_ns),
        )

    def _build_make_attempt(self) -> MakeAttempt:
        policy = AttemptPolicy(
            self._settings.schedule,
            timeout_s=self._settings.attempt_timeout_s,
            timeout_s_max=self._lease_s - LEASE_MARGIN_S,
        )
        return MakeAttempt(
            policy,
            self._clocks,
            self._capacity.counters,
            self._endpoints,
            AttemptSpans(self._ports.spans),
        )

    def _build_retries(self) -> RetryScheduler:
        return RetryScheduler(
            ledger=self._ports.ledger,
            endpoints=self._endpoints,
            leased=self._leased,
            capacity=self._capacity,
            tasks=self._tasks,
            lease_s=self._lease_s,
            clock_ns=self._clocks.unix_ns,
            random=self._clocks.random,
        )

    def _build_lanes(self) -> LaneScheduler:
        return LaneScheduler(
            lanes=self._ports.lanes,
            ledger=self._ports.ledger,
            context=LaneContext(
                leased=self._leased,
                make=self._make,
                endpoints=self._endpoints,
                order=self._ports.order,
                lane_wake=self._capacity.lane_wake,
            ),
            slots=self._capacity.slots,
            lease_s=self._lease_s,
            turn_s=self._settings.lane_turn_s,
        )

    def _build_deliver(self) -> DeliverChunk[Receipt]:
        return DeliverChunk(
            firsts=FirstAttempts(self._endpoints, self._make, self._leased, self._capacity),
            ledger=self._ports.ledger,
            recorder=self._recorder,
            settlement=self._ports.settlement,
            capacity=self._capacity,
            tasks=self._tasks,
            terms=ChunkTerms(
                linger_s=self._settings.chunk_linger_s,
                lease_s=self._lease_s,
                entry_lease_s=self._settings.entry_lease_s,
                first_fence=self._clocks.random_bits(FENCE_BITS) | 1,
            ),
        )
