"""What the worker puts on record, and the port to where it is kept."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

type DeliveryKey = tuple[bytes, bytes]
"""Message id and endpoint id."""


class StorageDown(Exception):
    """The database could not be used; nothing, or (a connection lost at the wrong moment) all
    of the call took place. Trying again later is safe."""


class RecordRefused(Exception):
    """The database will never take these rows."""


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

    `response_status` is 0 without an answer; `response` at most 16 KiB. `retry_in_us` is how
    long after the commit the next attempt is due, by the database's clock; None: no more.
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
    ended_at_us: int
    retry_in_us: int | None


class PendingRow(NamedTuple):
    """A delivery that goes on later, due `due_in_us` after the commit.

    `fence` 0: nobody holds it. Above 0: this process holds it until then, and settles it by
    this number.
    """

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    attempts_made: int
    fence: int
    due_in_us: int


class LeasedOutcome(NamedTuple):
    """What became of a delivery held under `fence`: it ends (`due_in_us` None), or is due again.

    Nothing of it is written, the attempt neither, where another has taken the delivery over.
    """

    message_id: bytes
    endpoint_id: bytes
    fence: int
    due_in_us: int | None
    attempts_made: int
    attempt: AttemptRow | None


class Record(Struct, gc=False, frozen=True):
    """Rows that are written together or not at all."""

    attempts: Sequence[AttemptRow] = ()
    pending: Sequence[PendingRow] = ()
    leased: Sequence[LeasedOutcome] = ()


class DueDelivery(Struct, gc=False, frozen=True, eq=False):
    """A pending delivery that this process holds under `fence`."""

    id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    attempts_made: int
    fence: int


class Ledger(Protocol):
    """Attempts and pending deliveries. Every method raises `StorageDown`."""

    async def record(self, records: Sequence[Record]) -> frozenset[DeliveryKey]:
        """Write all of it in one transaction. Writing the same record again changes nothing.

        Gives the leased deliveries whose fence held. Raises `RecordRefused`.
        """
        ...

    async def known(self, keys: Sequence[DeliveryKey]) -> frozenset[DeliveryKey]:
        """Those of at most 100 deliveries that have an attempt or are pending."""
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

    async def next_due_in_s(self) -> float | None:
        """Seconds until the next delivery is due (0 or less: now); None without any."""
        ...

    async def pending_total(self) -> int:
        """How many deliveries are pending, roughly."""
        ...
