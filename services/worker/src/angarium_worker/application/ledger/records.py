"""The rows that the worker records, and the port to the ledger that keeps them."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple, Protocol

from msgspec import Struct

from angarium_worker.domain.delivery import ENDED, Delivery, DeliveryKey, DeliveryState
from angarium_worker.domain.exchange import Exchange


class StorageDown(Exception):
    """The database could not be used; nothing, or (a connection lost at the wrong moment) all
    of the call took place. Trying again later is safe."""


class RecordRefused(Exception):
    """The database will never take these rows."""


class MessageFacts(Protocol):
    """The facts of a message that a delivery of it needs."""

    @property
    def id(self) -> bytes: ...
    @property
    def tenant_id(self) -> bytes: ...
    @property
    def application_id(self) -> bytes: ...
    @property
    def event_type(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def trace(self) -> str | None: ...
    @property
    def content_type(self) -> str | None: ...


class AttemptTimings(NamedTuple):
    """How long an attempt's phases took, in microseconds; `first_byte_us` and `total_us` count
    from its beginning."""

    dns_us: int
    connect_us: int
    tls_us: int
    first_byte_us: int
    total_us: int


class AttemptRow(NamedTuple):
    """One attempt.

    `response_status` is 0 without an answer; `response` at most 16 KiB. `retry_in_us` is how long
    after the commit the next attempt is due, by the database's clock; None: no more.
    """

    id: bytes
    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    url: str
    number: int
    status: int
    trigger: int
    response_status: int
    response: bytes
    duration_ms: int
    failure: str | None
    channels: tuple[str, ...]
    timings: AttemptTimings | None
    exchange: Exchange | None
    ended_at_us: int
    retry_in_us: int | None


class EventRow(NamedTuple):
    """An operational event of a tenant, as `OperationalEvent` has it. It stays in the outbox until
    the gateway has it."""

    id: bytes
    type: str
    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    message_id: bytes
    attempt_id: bytes
    response_status: int
    attempted_at_us: int


class Settled(NamedTuple):
    """The outcome of a delivery that was held: its `state`, and the delivery as it ends or goes
    on, still under the fence that it was held by.

    Nothing of it is written, neither the attempt nor that it was cancelled, where another has
    taken the delivery over.
    """

    delivery: Delivery
    state: DeliveryState
    attempt: AttemptRow | None = None
    event: EventRow | None = None

    @property
    def ends(self) -> bool:
        """True when nothing of it is left to do."""
        return self.state in ENDED


class Record(Struct, gc=False, frozen=True):
    """Rows that are written together or not at all: attempts, deliveries that go on or were
    cancelled after their first, and the outcomes of those that were held.

    Until `sole_until_s`, in the event loop's time, no other worker can have read the entry that
    the rows without a lease come from.
    """

    attempts: Sequence[AttemptRow] = ()
    pending: Sequence[Delivery] = ()
    leased: Sequence[Settled] = ()
    cancelled: Sequence[Delivery] = ()
    events: Sequence[EventRow] = ()
    sole_until_s: float = inf


class Ledger(Protocol):
    """Attempts and pending deliveries. Every method raises `StorageDown`."""

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """Write all of it in one transaction. Writing the same record again changes nothing.

        Gives the leased deliveries whose fence held. Raises `RecordRefused`.
        """
        ...

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        """Those of at most 100 deliveries that have an attempt, are pending or cancelled."""
        ...

    async def lease_due(self, *, rows_max: int, bytes_max: int, lease_s: float) -> list[Delivery]:
        """Take the longest due deliveries, with at most `bytes_max` of payload but at least
        one, for `lease_s`. Others do not get them meanwhile."""
        ...

    async def release(self, leased: Sequence[Delivery]) -> None:
        """Make deliveries due now that this process still holds and has not touched."""
        ...

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """Make the endpoint's deliveries due now that are due later than `beyond_s` from now;
        with the length of a lease, nobody holds one of these."""
        ...

    async def next_due_in_s(self) -> float | None:
        """Seconds until the next delivery is due (0 or less: now); None without any."""
        ...
