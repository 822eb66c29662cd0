"""What simulated workers share, and their settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.application.ledger.records import Record

from .gateway_model import GatewayModel
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
    workers: int = 1
    """How many workers each of them is told to run."""


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
    health: dict[bytes, HealthRow] = field(default_factory=dict)
