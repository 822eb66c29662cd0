"""A delivery: one message for one endpoint, and where it stands."""

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

type DeliveryKey = tuple[bytes, bytes]
"""Message id and endpoint id."""

SCHEDULED_TRIGGER: Final = 0
"""`AttemptTrigger.SCHEDULED`: nobody asked for its attempts in particular."""


class DeliveryState(StrEnum):
    """States of a delivery. Up to `SENDING` its first attempt lives in a worker's memory, and
    the open batch in the gateway's journal stands for it; from then on it is a row, or has ended.
    """

    REQUESTED = "requested"
    """A worker has it in hand and finds out whether and where to send it."""
    WAITING = "waiting"
    """In memory, for a slot or for its endpoint, no longer than its chunk is open."""
    SENDING = "sending"
    """An attempt is under way."""
    SCHEDULED = "scheduled"
    """A row that waits for its time."""
    IN_LANE = "in lane"
    """A row that waits for its endpoint's turn."""
    HELD = "held"
    """A row that one worker holds under a lease, and of which nothing was sent yet."""
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


ENDED: Final = (DeliveryState.DELIVERED, DeliveryState.EXHAUSTED, DeliveryState.CANCELLED)


class Lane(IntEnum):
    """Positions of a delivery in its endpoint's lane: it waits for the endpoint, not only for
    its time, and is taken by whoever holds the lane. First attempts go ahead of retries; in the
    lane of an ordered endpoint all stand as `FIRST`."""

    FIRST = 0
    RETRY = 1


class Delivery(NamedTuple):
    """A delivery on record, or on its way there.

    `trigger` is that of its next attempts (`AttemptTrigger`); `retry_delays_s` the schedule that
    its message brought along; `weight` its application's. `lane` None: it waits for its time
    only. `due_in_us`: how long after the commit, by the database's clock. `fence` is the number
    that its holder settles it by; each holder has another, so that one that was held up cannot
    write over what its successor did. None: nobody holds it. `cancelled` is the reason why
    nothing is to be sent any more. `content_type` None: `payload` is the text of a JSON object.
    """

    message_id: bytes
    endpoint_id: bytes
    application_id: bytes
    tenant_id: bytes
    event_type: str
    payload: bytes
    endpoint_version: int
    attempts_made: int = 0
    channels: tuple[str, ...] = ()
    trace: str | None = None
    trigger: int = SCHEDULED_TRIGGER
    retry_delays_s: tuple[float, ...] | None = None
    weight: int = 1
    lane: Lane | None = None
    due_in_us: int = 0
    fence: int | None = None
    cancelled: str | None = None
    content_type: str | None = None

    @property
    def key(self) -> DeliveryKey:
        """The ids of its message and its endpoint."""
        return self[:2]

    @property
    def id(self) -> bytes:
        """Its message's id: see `MessageFacts`."""
        return self.message_id

    @property
    def is_held(self) -> bool:
        """True while a worker holds it, so that no other sends it."""
        return self.fence is not None

    @property
    def is_retry(self) -> bool:
        """True if its next attempt counts as a retry: it was attempted before, or an
        operator asked for it."""
        return self.attempts_made > 0 or self.trigger != SCHEDULED_TRIGGER
