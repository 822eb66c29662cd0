"""The entries of the hot path: accepted, requested, settled.

Their parts are many and cannot form cycles, so the garbage collector does not look at them.
"""

from .contract import Contract, Part


class AcceptedMessage(Part, frozen=True, gc=False):
    """One committed message.

    `payload` is the content as the client sent it, at most the gateway's payload limit: the text
    of a JSON object, or with a `content_type` any text, which is sent under that Content-Type.
    `application_version` is the directory version of the application at the commit: a
    dispatcher whose copy is older reads it again first. `trace` is a W3C traceparent; its flag 0x80
    says that spans of the message are recorded. Filters of endpoints see `tags`.
    """

    id: bytes
    tenant_id: bytes
    application_id: bytes
    application_version: int
    event_type: str
    payload: bytes
    channels: tuple[str, ...] = ()
    trace: str | None = None
    content_type: str | None = None
    tags: tuple[str, ...] = ()


class MessagesAccepted(Contract, frozen=True, tag="messages.accepted/1"):
    """A committed batch, at most 200 messages.

    `publication` counts from 1 how often the batch was published; above 1 it is
    redelivered: some of its deliveries may already be on record. Settlements name
    `batch_id` and `publication` and go to the stream `settle_to`.
    """

    batch_id: bytes
    publication: int
    settle_to: str
    messages: tuple[AcceptedMessage, ...]


class RequestedDelivery(Part, frozen=True, gc=False):
    """One endpoint of a message, with the version of its configuration to use at least."""

    endpoint_id: bytes
    endpoint_version: int


class RequestedMessage(Part, frozen=True, gc=False):
    """A message and those of its endpoints that this chunk carries.

    `weight` (1 to 1,000) is its application's share where the worker must choose.
    `retry_delays_s` is the retry schedule of its event type, else of its tenant; None: neither
    has one. `payload` and `content_type` are as in `AcceptedMessage`.
    """

    id: bytes
    tenant_id: bytes
    application_id: bytes
    event_type: str
    payload: bytes
    deliveries: tuple[RequestedDelivery, ...]
    trace: str | None = None
    channels: tuple[str, ...] = ()
    weight: int = 1
    retry_delays_s: tuple[float, ...] | None = None
    content_type: str | None = None


class DeliveriesRequested(Contract, frozen=True, tag="deliveries.requested/1"):
    """Chunk `chunk` (0-based) of `chunks` of a batch, at most 100 deliveries.

    `redelivered`: look up first which deliveries have an attempt or are pending, and send
    only the rest.
    """

    batch_id: bytes
    publication: int
    settle_to: str
    chunk: int
    chunks: int
    redelivered: bool
    messages: tuple[RequestedMessage, ...]


class SettledChunk(Part, frozen=True, gc=False):
    """One chunk whose first attempts have durably ended. `chunks` 0: nobody to deliver to.

    `held_us` is how long the worker had it, from when it began the deliveries until it reported
    them. A worker that does not tell leaves it out."""

    batch_id: bytes
    publication: int
    chunk: int
    chunks: int
    held_us: int | None = None


class DeliveriesSettled(Contract, frozen=True, tag="deliveries.settled/1"):
    """Chunks that are settled, of batches that one gateway process has open."""

    settled: tuple[SettledChunk, ...]
