"""Endpoints that are polled: the URL by which they are known, and queries answered by the worker.

The worker does not know who owns an endpoint: the gateway checks that first.
"""

from datetime import datetime
from typing import Final

from .contract import Contract, Part

POLL_URL: Final = "poll://messages"
"""The URL of every endpoint whose messages are polled instead of pushed."""

FIRST_POSITION: Final = bytes(16)
"""The position before the first message of every endpoint."""


class PollDeliveries(Contract, frozen=True, tag="polling.poll/1"):
    """Query: at most `limit` (1 to 250) of the endpoint's messages after the position `after`, with
    this event type and this channel (None: any). Answered by `PolledDeliveries`."""

    endpoint_id: bytes
    after: bytes = FIRST_POSITION
    limit: int = 50
    event_type: str | None = None
    channel: str | None = None


class PolledDelivery(Part, frozen=True):
    """A message in the order in which the endpoint's messages became available."""

    position: bytes
    message_id: bytes


class PolledDeliveries(Contract, frozen=True, tag="polling.polled/1"):
    """In the order of positions. The next page is after `upto`; not `done`: there is more now.

    A page may be short or empty while not `done`: the search for a filter is bounded.
    """

    items: tuple[PolledDelivery, ...]
    upto: bytes
    done: bool = True


class PollAsConsumer(Contract, frozen=True, tag="polling.consumer_poll/1"):
    """Query: as `PollDeliveries`, from the position that is stored for the consumer. With
    `confirmed`, a position of this `generation`, the stored position is first moved there, never
    back; a position of another generation was read before the last seek and moves nothing.
    Answered by `ConsumerPage`, or a `Problem`: CONFLICT if the endpoint has too many consumers."""

    endpoint_id: bytes
    consumer: str
    limit: int = 50
    confirmed: bytes | None = None
    generation: int = 0


class ConsumerPage(Contract, frozen=True, tag="polling.consumer_page/1"):
    """The messages after the consumer's stored position; the rest as in `PolledDeliveries`."""

    items: tuple[PolledDelivery, ...]
    upto: bytes
    generation: int
    done: bool = True


class SeekConsumer(Contract, frozen=True, tag="polling.seek/1"):
    """Command: store `position` for the consumer, which is created if it is new, and begin a new
    generation. Answered by `ConsumerPosition`, or a `Problem` as for `PollAsConsumer`."""

    endpoint_id: bytes
    consumer: str
    position: bytes


class ConsumerPosition(Contract, frozen=True, tag="polling.position/1"):
    """The stored position of a consumer."""

    position: bytes
    generation: int


class ListConsumers(Contract, frozen=True, tag="polling.consumers/1"):
    """Query: the consumers of an endpoint. Answered by `Consumers`."""

    endpoint_id: bytes


class Consumer(Part, frozen=True):
    """A consumer of an endpoint. `behind` messages are after its position; the count stops at
    10,000. `waiting_since`: when the first of them became available."""

    name: str
    position: bytes
    generation: int
    updated_at: datetime
    behind: int
    waiting_since: datetime | None = None


class Consumers(Contract, frozen=True, tag="polling.consumers_of/1"):
    """All consumers of an endpoint, at most 100, by name."""

    consumers: tuple[Consumer, ...]


class ForgetConsumer(Contract, frozen=True, tag="polling.forget/1"):
    """Command: delete the consumer's stored position. Answered by `Done`, or a `Problem`:
    NOT_FOUND."""

    endpoint_id: bytes
    consumer: str
