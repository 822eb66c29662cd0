"""What the simulated workers are made with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from angarium_worker.application.delivery.deliver_chunk import DeliverChunk
from angarium_worker.application.delivery.leased_attempts import LeasedAttempts
from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.lanes.lane_scheduler import LaneScheduler
from angarium_worker.application.ledger.records import Record

from .gateway_model import GatewayModel
from .messages import Entry
from .processes import Machine, Process, Service
from .stored_rows import StoredRows
from .surroundings import DirectoryModel, NetworkModel


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The settings of the simulated workers; the rest is as `main` has it."""

    sending_max: int = 20
    bytes_max: int = 1024 * 1024
    delays_s: tuple[float, ...] = (0.5, 2.0)
    timeout_s: float = 2.0
    linger_s: float = 0.5
    lease_s: float = 8.0
    turn_s: float = 2.0
    grace_s: float = 3.0
    disable_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The classes of the application that mutations replace."""

    deliver: type[DeliverChunk[Entry]] = DeliverChunk
    leased: type[LeasedAttempts] = LeasedAttempts
    lanes: type[LaneScheduler] = LaneScheduler


@dataclass(slots=True)
class Surroundings:
    """What all workers share."""

    machine: Machine
    storage: Service
    rows: StoredRows
    gateway: GatewayModel
    directory: DirectoryModel
    network: NetworkModel
    confirmed: Callable[[Process, Sequence[Record]], None]
    options: WorkerOptions
    parts: Parts
    health: dict[bytes, HealthRow] = field(default_factory=dict)
