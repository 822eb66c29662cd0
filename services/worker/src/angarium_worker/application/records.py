"""What the worker puts on record, and the port to where it is kept."""

import struct
from collections.abc import Sequence
from enum import IntEnum
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
    """Rows that are written together or not at all."""

    attempts: Sequence[AttemptRow] = ()
    pending: Sequence[PendingRow] = ()
    leased: Sequence[LeasedOutcome] = ()
    cancelled: Sequence[CancelledRow] = ()
    events: Sequence[EventRow] = ()


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


class HeldLane(Struct, gc=False, frozen=True):
    """An endpoint's lane that this process holds under `fence`, for as long as it asked.

    `arrivals` counts what has come into the lane, and goes back with its release. `burst_us` is
    how far ahead of now the endpoint's rate limit is booked, 0 or more. `confirmed`: every
    message up to this id was in the lane before (ordered endpoints). `abandoned`: the last
    holder did not give it back.
    """

    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    weight: int
    fence: int
    arrivals: int
    burst_us: int
    confirmed: bytes
    abandoned: bool


class LaneTake(NamedTuple):
    """What to take from a held lane: so many due first attempts and retries, each the longest
    waiting in the order of messages.

    `ordered`: in the order of messages whatever they are, `firsts_max` of them, none beyond the
    first that is not due, and only messages up to `upto` (inclusive).
    """

    endpoint_id: bytes
    fence: int
    firsts_max: int
    retries_max: int
    ordered: bool = False
    upto: bytes = b"\xff" * 16


class LaneRelease(NamedTuple):
    """A lane given back: its next turn is not before `wait_us` from now, nor before the first
    of its deliveries is due (the head, where it is `ordered`). A lane that is empty, and whose
    rate limit is not booked ahead, ends; unless something has come in since (`arrivals`)."""

    endpoint_id: bytes
    fence: int
    arrivals: int
    wait_us: int
    burst_us: int
    confirmed: bytes
    ordered: bool
    state: str


class ResentRow(NamedTuple):
    """A delivery that somebody wants again. See `Ledger.resend`."""

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    channels: str | None
    trace: str | None
    retry_delays: str | None
    weight: int
    lane: int | None


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

    async def lease_lanes(self, *, lanes_max: int, lease_s: float) -> list[HeldLane]:
        """Take the lanes whose turn has come for longest. Others do not get them meanwhile."""
        ...

    async def take_from_lanes(
        self, takes: Sequence[LaneTake], *, bytes_max: int, lease_s: float
    ) -> list[DueDelivery]:
        """Take deliveries out of lanes that this process still holds, in the order of `takes`
        and within a lane in the order in which they are to be sent; at most `bytes_max` of
        payload in all, but at least one."""
        ...

    async def release_lanes(self, releases: Sequence[LaneRelease]) -> None:
        """Give lanes back, those that this process still holds."""
        ...

    async def wake_lanes(self, endpoint_ids: Sequence[bytes]) -> None:
        """Let the lanes of these endpoints have their turn now, if they have one."""
        ...

    async def mend_lanes(self) -> int:
        """Open a lane where deliveries stand in one that does not exist; how many. There are
        none unless something went wrong."""
        ...

    async def next_lane_in_s(self) -> float | None:
        """Seconds until a lane that nobody holds has its turn (0 or less: now); None without."""
        ...

    async def resend(self, rows: Sequence[ResentRow], *, only_missing: bool) -> int:
        """Make deliveries pending, due now, with no attempts made and the trigger MANUAL; how
        many. One that is pending and that nobody may hold (`beyond_s` of `expedite`) is made
        due. That a delivery was cancelled is forgotten. `only_missing`: those that have an
        attempt, are pending, or were cancelled by hand are left out."""
        ...

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> int:
        """End pending deliveries of a message, an endpoint, or both, and put on record why; how
        many. One that is due within `lease_s` may be held: it is marked and ends when its
        holder lets go."""
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
