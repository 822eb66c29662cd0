"""Commands and queries about deliveries, answered by the worker.

The worker does not know who owns a message or an endpoint: the gateway checks that first.
"""

from datetime import datetime
from enum import IntEnum

from .configuration import Endpoint
from .contract import Contract, Part


class ResentMessage(Part, frozen=True):
    """A message to be sent (again) to one endpoint. Members as in `RequestedMessage`."""

    id: bytes
    event_type: str
    payload: bytes
    trace: str | None = None
    channels: tuple[str, ...] = ()
    retry_delays_s: tuple[float, ...] | None = None
    content_type: str | None = None


class ResendDeliveries(Contract, frozen=True, tag="deliveries.resend/1"):
    """Deliver these messages (at most 100, and 4 MiB of payload unless it is one) to the
    endpoint, as pending deliveries with a retry schedule that begins anew and the trigger
    MANUAL. One that is pending already is made due. Answered by `DeliveriesChanged` once that
    is durable; carrying it out twice changes nothing more.

    `only_missing`: leave out those that have an attempt or are pending.
    """

    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    endpoint_version: int
    messages: tuple[ResentMessage, ...]
    weight: int = 1
    only_missing: bool = False


class CancelDeliveries(Contract, frozen=True, tag="deliveries.cancel/1"):
    """End pending deliveries, of a message, of an endpoint, or of a message for an endpoint (at
    least one is given), at most `limit` (to 1,000) of them. An attempt under way goes on, its
    delivery ends with it. Answered by `DeliveriesChanged`."""

    reason: str
    message_id: bytes | None = None
    endpoint_id: bytes | None = None
    limit: int = 1_000


class ExpungeMessage(Contract, frozen=True, tag="deliveries.expunge/1"):
    """Delete what is kept of a message's content: the payloads of its pending deliveries, which end
    for `reason`, and the answers that its attempts got. Answered by `DeliveriesChanged`; not
    `done` while an attempt is under way, whose answer is still to come.

    `keep_pending`: if a delivery of the message is pending, delete nothing and answer with a count
    of 0, not `done`."""

    message_id: bytes
    reason: str
    keep_pending: bool = False


class DeliveriesChanged(Contract, frozen=True, tag="deliveries.changed/1"):
    """`count` deliveries were changed; not `done`: there may be more.

    Of `ExpungeMessage`: the rows of attempts and of pending deliveries that hold nothing of the
    message any more. A repetition counts them again."""

    count: int
    done: bool = True
    attempts: int = 0
    pending_deliveries: int = 0


class ListFailedDeliveries(Contract, frozen=True, tag="deliveries.failed/1"):
    """Query: messages accepted from `since` to `until` (inclusive) whose delivery to the
    endpoint ended without success and is not pending again: exhausted, or cancelled because the
    endpoint was disabled. In the order of ids, after `after`. Answered by `MessageIds`."""

    endpoint_id: bytes
    since: datetime
    until: datetime | None = None
    after: bytes | None = None
    limit: int = 100


class FindMissingDeliveries(Contract, frozen=True, tag="deliveries.missing/1"):
    """Query: those of the messages (at most 100) that were never attempted for the endpoint,
    and are not pending nor cancelled manually. Answered by `MessageIds`."""

    endpoint_id: bytes
    message_ids: tuple[bytes, ...]


class MessageIds(Contract, frozen=True, tag="deliveries.message_ids/1"):
    """In the order of ids. Not `done`: ask again after `last` (the position that was looked
    through, also where nothing was found)."""

    message_ids: tuple[bytes, ...]
    done: bool = True
    last: bytes | None = None


class GetEndpointStats(Contract, frozen=True, tag="deliveries.get_stats/1"):
    """Query: what became of the endpoint's deliveries whose message was accepted in this time.
    None: from the first, to the last. Answered by `EndpointStats`."""

    endpoint_id: bytes
    since: datetime | None = None
    until: datetime | None = None


class EndpointStats(Contract, frozen=True, tag="deliveries.stats/1"):
    """Deliveries by state, as in `Delivery`."""

    success: int
    pending: int
    sending: int
    fail: int
    canceled: int


class GetEndpointDeliveryState(Contract, frozen=True, tag="deliveries.get_endpoint_state/1"):
    """Query: how an endpoint is being delivered to. Answered by `EndpointDeliveryState`."""

    endpoint_id: bytes


class EndpointDeliveryState(Contract, frozen=True, tag="deliveries.endpoint_state/1"):
    """`state`: "delivering" | "waiting" (more is parked than it takes) | "open" (its circuit
    breaker: nothing is sent before `open_until`) | "probing" (one attempt tells) |
    "recovering" (what is parked follows at a measured pace).

    `parked` deliveries wait for the endpoint's turn, `scheduled` ones for their time; both stop
    counting at 10,000. `failing_since`: its first failure after its last success.
    """

    state: str
    parked: int
    scheduled: int
    concurrency_limit: int | None = None
    open_until: datetime | None = None
    failing_since: datetime | None = None


class FindUnhealthyEndpoints(Contract, frozen=True, tag="deliveries.find_unhealthy/1"):
    """Query: endpoints of a tenant that are disabled, failing, or have a circuit breaker that is
    not closed, at most `limit` (to 100) of each kind, those that are worst for longest first.
    Answered by `UnhealthyEndpoints`."""

    tenant_id: bytes
    limit: int = 100


class UnhealthyEndpoint(Part, frozen=True):
    """`state` as in `EndpointDeliveryState`. `failing_since`: its first failure after its last
    success. `open_until`: nothing is sent before."""

    endpoint_id: bytes
    application_id: bytes
    disabled: bool = False
    state: str = "delivering"
    failing_since: datetime | None = None
    open_until: datetime | None = None


class UnhealthyEndpoints(Contract, frozen=True, tag="deliveries.unhealthy/1"):
    """Not `done`: there are more of some kind."""

    items: tuple[UnhealthyEndpoint, ...]
    done: bool = True


class CountWaiting(Contract, frozen=True, tag="deliveries.count_waiting/1"):
    """Query: the tenant's pending deliveries. Answered by `WaitingCounted`."""

    tenant_id: bytes


class WaitingCounted(Contract, frozen=True, tag="deliveries.waiting_counted/1"):
    """Counted up to 10,000: all that are `pending`, and of these the ones that are `parked`, which
    wait for their endpoint's turn. `oldest_due_at`: the first that is due."""

    pending: int
    parked: int
    oldest_due_at: datetime | None = None


class MessageKind(Part, frozen=True):
    """The fields of a message that endpoints filter by. `payload` may be left out, see
    `MatchedMessages`."""

    event_type: str
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    payload: bytes | None = None
    content_type: str | None = None


class MatchMessages(Contract, frozen=True, tag="endpoint.match/1"):
    """Query to the dispatcher: which messages (at most 100) an endpoint wants by its filters,
    with what a delivery needs. Answered by `MatchedMessages`, or a `Problem`: CONFLICT with the
    reason when the endpoint is disabled. With `by_hand` every message is wanted."""

    tenant_id: bytes
    application_ref: str
    ref: str
    kinds: tuple[MessageKind, ...]
    by_hand: bool = False


class MatchedMessages(Contract, frozen=True, tag="endpoint.matched/1"):
    """One element for each message of the question. `retry_delays_s` as in
    `RequestedMessage`; `weight` is the application's.

    `needs_payload`: some messages are called wanted only because their payload, which the
    endpoint's filter names, was left out. Ask again with it."""

    endpoint_id: bytes
    endpoint_version: int
    application_id: bytes
    wanted: tuple[bool, ...]
    retry_delays_s: tuple[tuple[float, ...] | None, ...]
    weight: int = 1
    needs_payload: bool = False


class DeliveryStatus(IntEnum):
    """State of a delivery; the first four have the numbers of `AttemptStatus`."""

    SUCCESS = 0
    PENDING = 1
    FAIL = 2
    SENDING = 3
    CANCELED = 4


class Delivery(Part, frozen=True):
    """A message for an endpoint, on record from its first attempt, or when it was put off.

    PENDING waits for its first attempt, SENDING is held by a worker now or was attempted and waits
    for its next attempt, FAIL is exhausted.
    SUCCESS stays when a delivery that succeeded is sent again and does not succeed.
    `next_attempt_at` is in the future; a pending one without it waits for its endpoint's turn, and
    one that is being sent without it is held, or waits for that turn too.
    `canceled_reason` goes with CANCELED, with SENDING if it was cancelled meanwhile (only a
    success of the attempt under way counts), and with SUCCESS if a repetition was cancelled.
    `url`: that of the latest attempt.
    """

    message_id: bytes
    endpoint_id: bytes
    status: DeliveryStatus
    next_attempt_at: datetime | None = None
    canceled_reason: str | None = None
    url: str | None = None


class ListMessageDeliveries(Contract, frozen=True, tag="deliveries.by_message/1"):
    """Query: the deliveries of a message, at most `limit` (1 to 250), by the ids of endpoints:
    those after `past`, or with `backwards` those before it. Answered by `Deliveries`."""

    message_id: bytes
    limit: int = 50
    past: bytes | None = None
    backwards: bool = False


class FindDeliveries(Contract, frozen=True, tag="deliveries.find/1"):
    """Query: the deliveries of these messages (at most 250) for the endpoint; a message without
    one is left out. Answered by `Deliveries`, in the order of messages."""

    endpoint_id: bytes
    message_ids: tuple[bytes, ...]


class Deliveries(Contract, frozen=True, tag="deliveries.list_of/1"):
    """In ascending order. Not `done`: more follow in the direction that was asked for."""

    items: tuple[Delivery, ...]
    done: bool = True


class GetEndpoints(Contract, frozen=True, tag="endpoint.get_many/1"):
    """Query to the dispatcher: these endpoints (at most 250) of the application, or of any of the
    tenant's if its id is empty, those that are deleted too. Answered by `EndpointsFound`."""

    tenant_id: bytes
    application_id: bytes
    endpoint_ids: tuple[bytes, ...]


class EndpointsFound(Contract, frozen=True, tag="endpoint.found_many/1"):
    """An id that never existed is left out. Of a `deleted` one only its id and times are left,
    `updated_at` being when it was deleted."""

    endpoints: tuple[Endpoint, ...]
    deleted: tuple[Endpoint, ...] = ()


class PrecheckMessage(Contract, frozen=True, tag="message.precheck/1"):
    """Query to the dispatcher: would any enabled endpoint of the application get such a message?
    Answered by `MessagePrechecked`."""

    tenant_id: bytes
    application_ref: str
    kind: MessageKind


class MessagePrechecked(Contract, frozen=True, tag="message.prechecked/1"):
    """`active`: an enabled endpoint would get the message."""

    active: bool
