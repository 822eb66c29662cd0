"""The invariants' names, and what is known of each delivery."""

from collections import Counter
from dataclasses import dataclass, field

from angarium_worker.application.ledger.records import AttemptRow
from angarium_worker.domain.delivery import DeliveryKey

from .messages import Message
from .processes import Process
from .surroundings import FOREVER_S, Endpoint, Request

RECORDED_BEFORE_ACK = "settled only what is on record"
NOTHING_FORGOTTEN = "no delivery is forgotten"
NO_DUPLICATE = "no request more than needed"
ONE_OUTCOME = "one outcome for a fence"
IN_ORDER = "in order, one at a time"
LIMITS = "limits hold"
ONE_PROBE = "one probe"
NO_ERROR = "no unhandled error"
BOUNDED = "everything is bounded"
QUIET = "healthy endpoints keep their latency"


@dataclass(slots=True, eq=False)
class Delivery:
    """What is known of a delivery: its requests, and its attempts by generation and number."""

    key: DeliveryKey
    message: Message
    endpoint: Endpoint
    delays: int
    arrived_s: float = 0.0
    settled_s: float = FOREVER_S
    readers: list[tuple[Process, float]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    attempts: dict[tuple[int, int], AttemptRow] = field(default_factory=dict)
    steps: set[tuple[int | None, int]] = field(default_factory=set)
    unfenced: Counter[str] = field(default_factory=Counter)
    parked_by: set[str] = field(default_factory=set)
    cancelled: list[tuple[str, bool]] = field(default_factory=list)
    on_record: bool = False
    ended: bool = False

    def __str__(self) -> str:
        return f"message {self.key[0].hex()[-6:]} for endpoint {self.endpoint.number}"
