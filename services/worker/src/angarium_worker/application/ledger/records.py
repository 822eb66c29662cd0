"""What the worker puts on record, and the port to where it is kept."""

import struct
from collections.abc import Sequence
from enum import IntEnum
from math import inf
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

type DeliveryKey = tuple[bytes, bytes]
"""Message id and endpoint id."""


TIMINGS: Final = struct.Struct(">5I")
"""An attempt's DNS, connect, TLS, first byte and total time, in microseconds, in one column."""


class StorageDown(Exception):
    """The database could not be used; nothing, or (a connection lost at the wrong moment) all
    of the call took place. Trying again later is safe."""


class RecordRefused(Exception):
    """The database will never take these rows."""


def channel_text(channels: Sequence[str]) -> str | None:
    """Channels as one text, `,a,b,`: `,a,` is in it exactly if `a` is one of them."""
    return f",{','.join(channels)}," if channels else None


def channels_of(text: str | None) -> tuple[str, ...]:
    """The channels that `channel_text` wrote."""
    return () if text is None else tuple(text[1:-1].split(","))


def delays_text(delays_s: Sequence[float] | None) -> str | None:
    """A retry schedule as one text, `5,300`; empty for one without retries."""
    return None if delays_s is None else ",".join([f"{each:g}" for each in delays_s])


def delays_of(text: str | None) -> tuple[float, ...] | None:
    """The retry schedule that `delays_text` wrote."""
    if text is None:
        return None
    return tuple([float(each) for each in text.split(",")]) if text else ()


class Lane(IntEnum):
    """Where a delivery stands in its endpoint's lane: it waits for the endpoint, not only for
    its time, and is taken by whoever holds the lane. First attempts go ahead of retries; in the
    lane of an ordered endpoint all stand as `FIRST`."""

    FIRST = 0
    RETRY = 1


class MessageFacts(Protocol):
    """A message, as far as a delivery of it needs to know."""

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


class AttemptRow(NamedTuple):
    """One attempt, in the order of the table's columns.

    `response_status` is 0 without an answer; `response` at most 16 KiB. `channels` are as
    `channel_text` writes them, `timings` as `TIMINGS` does. `retry_in_us` is how long after the
    commit the next attempt is due, by the database's clock; None: no more.
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
    channels: str | None
    timings: bytes | None
    ended_at_us: int
    retry_in_us: int | None


class PendingRow(NamedTuple):
    """A delivery that goes on later, due `due_in_us` after the commit.

    `trigger` is that of its next attempts (`AttemptTrigger`); `retry_delays` the schedule that
    its message brought along, as `delays_text` writes it; `weight` its application's. `lane`
    None: it waits for its time only. `fence` 0: nobody holds it. Above 0: this process holds it
    until then, and settles it by this number.
    """

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    attempts_made: int
    channels: str | None
    trace: str | None
    trigger: int
    retry_delays: str | None
    weight: int
    lane: int | None
    fence: int
    due_in_us: int


class CancelledRow(NamedTuple):
    """A delivery that ended without success because nothing was to be sent any more."""

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    reason: str


class EventRow(NamedTuple):
    """Something that a tenant is to be told of, as `OperationalEvent` has it. It stands in the
    outbox until the gateway has it."""

    id: bytes
    type: str
    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    message_id: bytes
    attempt_id: bytes
    response_status: int
    attempted_at_us: int


class LeasedOutcome(NamedTuple):
    """What became of a delivery held under `fence`: it ends (`due_in_us` None), or is due again,
    in its endpoint's lane where `lane` is given.

    Nothing of it is written, neither the attempt nor that it was cancelled, where another has
    taken the delivery over.
    """

    message_id: bytes
    endpoint_id: bytes
    fence: int
    due_in_us: int | None
    attempts_made: int
    attempt: AttemptRow | None
    cancelled: CancelledRow | None = None
    lane: int | None = None
    event: "EventRow | None" = None


class Record(Struct, gc=False, frozen=True):
    """Rows that are written together or not at all.

    Until `sole_until_s`, in the event loop's time, nobody else has what is not leased in hand.
    """

    attempts: Sequence[AttemptRow] = ()
    pending: Sequence[PendingRow] = ()
    leased: Sequence[LeasedOutcome] = ()
    cancelled: Sequence[CancelledRow] = ()
    events: Sequence[EventRow] = ()
    sole_until_s: float = inf


class DueDelivery(Struct, gc=False, frozen=True, eq=False):
    """A pending delivery that this process holds under `fence`. `cancelled` is the reason why
    it is not to be attempted any more."""

    id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    attempts_made: int
    channels: str | None
    trace: str | None
    trigger: int
    retry_delays: str | None
    weight: int
    lane: int | None
    cancelled: str | None
    fence: int


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

    async def lease_due(
        self, *, rows_max: int, bytes_max: int, lease_s: float
    ) -> list[DueDelivery]:
        """Take the longest due deliveries, with at most `bytes_max` of payload but at least
        one, for `lease_s`. Others do not get them meanwhile."""
        ...

    async def release(self, leased: Sequence[DueDelivery]) -> None:
        """Make deliveries due now that this process still holds and has not touched."""
        ...

    async def expedite(self, endpoint_id: bytes, *, beyond_s: float) -> None:
        """Make the endpoint's deliveries due now that are due later than `beyond_s` from now;
        with the length of a lease, nobody holds one of these."""
        ...

    async def next_due_in_s(self) -> float | None:
        """Seconds until the next delivery is due (0 or less: now); None without any."""
        ...

    async def pending_total(self) -> int:
        """How many deliveries are pending, roughly."""
        ...
