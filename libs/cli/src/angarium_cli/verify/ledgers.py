"""What an audit compares, and the judgement: pure.

What can be proven. Each service's own ledger is exact: the journal has every message that got a
2xx, and of a settled message the worker has, for each endpoint that it was dispatched to, an
attempt, a pending delivery or a cancelled one. Which endpoints those were, nobody writes down.
The dispatcher knows the endpoints and filters of today. So a delivery is expected for certain
where the endpoint is enabled, wants the message, and was not changed since shortly before the
message was due; where it was changed since (created, enabled, other filters), its absence proves
nothing, and it is only counted.

The other way round it is exact: whatever the worker has is of a message in the journal. What one
side keeps no more is left out of both (`kept`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from angarium_contracts.ids import created_at_ms
from angarium_dispatcher.domain.matching import EndpointFilter, matches

CHANGED_BEFORE_MS = 5_000
"""An endpoint counts as unchanged if its last change is older than the message by so much: the
two times are of different machines."""

type Delivery = tuple[bytes, bytes]
"""Message id and endpoint id."""


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A row of the journal. `due_ms`: when it was to be dispatched (Unix time)."""

    id: bytes
    application_id: bytes
    event_type: str
    channels: tuple[str, ...] = ()
    deliver_at_ms: int = 0
    is_cancelled: bool = False
    is_targeted: bool = False

    @property
    def due_ms(self) -> int:
        """The time of its acceptance, or the later one that it was scheduled for."""
        return max(created_at_ms(self.id), self.deliver_at_ms)


@dataclass(frozen=True, slots=True)
class AuditedApplication:
    """`tenant_days`: for how long its tenant wants rows to be kept; None: as the platform does."""

    id: bytes
    tenant_days: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A delivery on the worker's record, whatever became of it."""

    message_id: bytes
    application_id: bytes
    tenant_id: bytes
    endpoint_id: bytes


@dataclass(frozen=True, slots=True)
class AuditedEndpoint:
    """An enabled endpoint as it is now."""

    wanted: EndpointFilter
    changed_at_ms: int


@dataclass(frozen=True, slots=True)
class OpenMessages:
    """Messages whose batch was open at one moment. Those from `unknown_from` on may be open, too:
    there were more batches than are read."""

    ids: Collection[bytes] = frozenset()
    set_aside: Collection[bytes] = frozenset()
    unknown_from: bytes | None = None

    def may_have(self, message_id: bytes) -> bool:
        """Whether the message is not known to be settled."""
        if message_id in self.ids:
            return True
        return self.unknown_from is not None and message_id >= self.unknown_from


@dataclass(slots=True)
class Counts:
    """Messages of the range by what became of them, and deliveries of the settled ones.

    `too_old` messages are settled, but their attempts need not be kept any more. `unproven`
    deliveries are not on record, but their endpoint was changed since. `recorded`: messages of
    which the worker has something. `oldest_open_ms`: when the oldest open message was due (Unix
    time).
    """

    accepted: int = 0
    settled: int = 0
    open: int = 0
    set_aside: int = 0
    scheduled: int = 0
    cancelled: int = 0
    targeted: int = 0
    too_old: int = 0
    expected: int = 0
    unproven: int = 0
    recorded: int = 0
    oldest_open_ms: int | None = None


class GapKind(StrEnum):
    """`MISSING`: an accepted message that an endpoint should have on record and has not.
    `SET_ASIDE`: its batch is set aside, nobody delivers it. `OF_NO_MESSAGE`: the worker has a
    delivery on record, and the journal has no such message."""

    MISSING = "missing"
    SET_ASIDE = "set-aside"
    OF_NO_MESSAGE = "of-no-message"


@dataclass(frozen=True, slots=True)
class Gap:
    """`endpoint_id`: of the delivery, of one of several where no message is there; None: of
    `SET_ASIDE` ones."""

    kind: GapKind
    message_id: bytes
    application_id: bytes
    endpoint_id: bytes | None = None


def settled_of(
    messages: Iterable[AuditedMessage],
    open_messages: OpenMessages,
    scheduled: Collection[bytes],
    counts: Counts,
    *,
    kept_from: bytes = b"",
) -> list[AuditedMessage]:
    """Those whose deliveries must be on record; the others are counted. Of messages below
    `kept_from` they need not be any more."""
    settled: list[AuditedMessage] = []
    for message in messages:
        counts.accepted += 1
        if message.is_cancelled:
            counts.cancelled += 1
        elif message.id in scheduled:
            counts.scheduled += 1
        elif message.is_targeted:
            counts.targeted += 1
        elif message.id in open_messages.set_aside:
            counts.set_aside += 1
        elif open_messages.may_have(message.id):
            counts.open += 1
            counts.oldest_open_ms = min(message.due_ms, counts.oldest_open_ms or message.due_ms)
        else:
            counts.settled += 1
            if message.id < kept_from:
                counts.too_old += 1
            else:
                settled.append(message)
    return settled


def expected_of(
    messages: Sequence[AuditedMessage], endpoints: Sequence[AuditedEndpoint]
) -> tuple[list[Delivery], list[Delivery]]:
    """The deliveries that there must be, and those that there may be."""
    certain: list[Delivery] = []
    possible: list[Delivery] = []
    for message in messages:
        for endpoint in endpoints:
            if not matches(endpoint.wanted, message.event_type, message.channels):
                continue
            unchanged = endpoint.changed_at_ms + CHANGED_BEFORE_MS <= message.due_ms
            found = certain if unchanged else possible
            found.append((message.id, endpoint.wanted.endpoint_id))
    return certain, possible
