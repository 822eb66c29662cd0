"""Operational events, and the commands and queries that the gateway answers."""

from datetime import datetime
from typing import Final

from .attempts import Explanation
from .contract import Contract, Part

ENDPOINT_CREATED: Final = "endpoint.created"
ENDPOINT_UPDATED: Final = "endpoint.updated"
ENDPOINT_DELETED: Final = "endpoint.deleted"
ENDPOINT_DISABLED: Final = "endpoint.disabled"
ATTEMPT_EXHAUSTED: Final = "message.attempt.exhausted"
ATTEMPT_FAILING: Final = "message.attempt.failing"
ATTEMPT_RECOVERED: Final = "message.attempt.recovered"
ENDPOINT_RESUMED: Final = "endpoint.resumed"
"""Only for the gateway: deliver what was kept for the endpoint since `kept_since`."""


class OperationalEvent(Part, frozen=True):
    """Something that a tenant is told of by an operational webhook of this `type`.

    `id` makes it happen once, however often it is told. The attempt's members go with
    `message.attempt.*`, where `attempted_at` is its end and `explanation` that of its failure;
    `failing_since` with `endpoint.disabled`. The gateway adds the uid of the application and the
    message's eventId.
    """

    id: bytes
    type: str
    tenant_id: bytes
    application_id: bytes
    endpoint_id: bytes
    endpoint_uid: str | None = None
    failing_since: datetime | None = None
    message_id: bytes | None = None
    attempt_id: bytes | None = None
    response_status: int = 0
    attempted_at: datetime | None = None
    kept_since: datetime | None = None
    explanation: Explanation | None = None


class PostOperationalEvents(Contract, frozen=True, tag="operational.post/1"):
    """Command: commit these (at most 100) as messages of the tenants' operational
    applications. Answered by `Done` once they are committed, or nobody wants them."""

    events: tuple[OperationalEvent, ...]


class OrderRange(Part, frozen=True):
    """The messages of an application after `after` (exclusive) and before `before`
    (exclusive). With an `endpoint_id`, a message that was kept for this endpoint counts as
    open until it is with the workers."""

    application_id: bytes
    after: bytes
    before: bytes
    endpoint_id: bytes | None = None


class FirstOpenMessages(Contract, frozen=True, tag="order.first_open/1"):
    """Query: of each range (at most 100), the first accepted message whose batch is still
    open: its deliveries may not all be with the workers yet. Answered by `OpenMessages`."""

    ranges: tuple[OrderRange, ...]


class OpenMessages(Contract, frozen=True, tag="order.open/1"):
    """One message id for each range of the question; None: none is open. `newest` is the last
    accepted message of each range, open or not; None: there is none."""

    message_ids: tuple[bytes | None, ...]
    newest: tuple[bytes | None, ...] = ()
