"""The comparison of the services' ledgers. Pure.

Each ledger is exact. The journal has every message that was answered 2xx. Of a settled message the
worker has, for each endpoint that it was dispatched to, an attempt, a pending delivery or a
cancelled one. But no service records which endpoints those were; the dispatcher knows the endpoints
and filters of today. So a delivery is certainly expected if the endpoint is enabled, wants the
message, and has not changed since shortly before the message was due. If it has changed since
(created, enabled, other filters), a missing delivery proves nothing, and is only counted.

In the other direction the comparison is exact: every delivery that the worker has belongs to a
message in the journal. Both directions leave out what one side no longer keeps (`retention`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from angarium_dispatcher.examination import AuditedEndpoint
from angarium_gateway.examination.audited_journal import AuditedMessage, OpenMessages

CHANGED_BEFORE_MS = 5_000
"""An endpoint is unchanged if its last change is older than the message by this much: the two times
come from different machines."""

type Delivery = tuple[bytes, bytes]
"""Message id and endpoint id."""


class IdRange(NamedTuple):
    """Message ids from `first` (inclusive) to `end` (exclusive)."""

    first: bytes
    end: bytes


@dataclass(slots=True)
class Counts:
    """Messages of the range by state, and the expected deliveries of the settled ones.

    `too_old` messages are settled, but their attempts may have been deleted. `unproven` deliveries
    are not on record, but their endpoint has changed since. `recorded` counts the messages that the
    worker has deliveries of. `oldest_open_ms` is when the oldest open message was due (Unix time).
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
    """Kinds of gaps.

    `MISSING`: an accepted message without a delivery on record for an endpoint that wants it.
    `SET_ASIDE`: a message that is not delivered, because its batch is set aside.
    `OF_NO_MESSAGE`: a delivery on record whose message is not in the journal.
    """

    MISSING = "missing"
    SET_ASIDE = "set-aside"
    OF_NO_MESSAGE = "of-no-message"


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap. `endpoint_id` is None for `SET_ASIDE`, and one of several for `OF_NO_MESSAGE`."""

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
    """The messages whose deliveries must be on record; the others are only counted.

    Attempts of messages below `kept_from` may have been deleted.
    """
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
    """The deliveries that must be on record, and those that may be."""
    certain: list[Delivery] = []
    possible: list[Delivery] = []
    for message in messages:
        for endpoint in endpoints:
            if not endpoint.wants(message.event_type, message.channels):
                continue
            unchanged = endpoint.changed_at_ms + CHANGED_BEFORE_MS <= message.due_ms
            found = certain if unchanged else possible
            found.append((message.id, endpoint.id))
    return certain, possible
