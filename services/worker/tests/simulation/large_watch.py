"""Counts of a large world: requests and latencies by second, by kind of endpoint."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from angarium_worker.application.ledger.records import AttemptRow
from angarium_worker.domain.delivery import DeliveryKey

from .large_scenario import Population
from .messages import Message
from .processes import Process
from .row_shapes import Pending
from .surroundings import Endpoint, Request


class Kind(IntEnum):
    """Endpoints that are always well, that go down, and those of the flood."""

    QUIET = 0
    DOWN = 1
    FLOODED = 2


@dataclass(slots=True)
class _State:
    posted_s: float
    requests: int = 0
    answered: bool = False


@dataclass(slots=True)
class LargeWatch:
    """Implements what gateway, rows and network tell. Seconds are of the world's clock."""

    population: Population
    firsts: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    """First requests by kind and second of their beginning."""
    retries: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    latencies_s: defaultdict[tuple[Kind, int], "array[float]"] = field(
        default_factory=lambda: defaultdict(lambda: array("d"))
    )
    """From the post to the first request, by kind and second of the post."""
    in_flight: Counter[Kind] = field(default_factory=Counter)
    in_flight_max: Counter[Kind] = field(default_factory=Counter)
    accepted_deliveries: int = 0
    delivered: int = 0
    last_delivered_s: Counter[Kind] = field(default_factory=Counter)
    duplicates: int = 0
    unended: int = 0
    _states: dict[DeliveryKey, _State] = field(default_factory=dict)

    def kind_of(self, endpoint: Endpoint) -> Kind:
        if endpoint.number >= len(self.population.usual):
            return Kind.FLOODED
        return Kind.DOWN if self.population.goes_down(endpoint) else Kind.QUIET

    @property
    def missing(self) -> int:
        """Deliveries that no endpoint has taken yet."""
        return self.accepted_deliveries - self.delivered

    def accepted(self, message: Message, endpoint: Endpoint) -> None:
        self.accepted_deliveries += 1
        self._states[message.id, endpoint.state.id] = _State(message.posted_s)

    def begun(self, request: Request) -> None:
        state = self._states[request.key]
        kind = self.kind_of(request.endpoint)
        second = int(request.begun_s)
        if state.requests:
            self.retries[kind, second] += 1
        else:
            self.firsts[kind, second] += 1
            self.latencies_s[kind, int(state.posted_s)].append(request.begun_s - state.posted_s)
        self.duplicates += state.answered
        state.requests += 1
        self.in_flight[kind] += 1
        self.in_flight_max[kind] = max(self.in_flight_max[kind], self.in_flight[kind])

    def ended(self, request: Request) -> None:
        self.in_flight[self.kind_of(request.endpoint)] -= 1

    def attempted(self, process: str, row: AttemptRow, held: Pending | None) -> None:
        if row.status == 0:
            state = self._states[row.message_id, row.endpoint_id]
            self.delivered += not state.answered
            state.answered = True

    def arrived(self, keys: Sequence[DeliveryKey]) -> None: ...
    def read(self, keys: Sequence[DeliveryKey], process: Process) -> None: ...
    def settled(self, keys: Sequence[DeliveryKey]) -> None: ...
    def pending(self, process: str | None, row: Pending) -> None: ...
    def cancelled(self, key: DeliveryKey, reason: str, by_hand: bool) -> None: ...
    def moved(self, before: Pending, attempts_made: int) -> None: ...
    def lane_ended(self, endpoint_id: bytes) -> None: ...
