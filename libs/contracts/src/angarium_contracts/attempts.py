"""Queries that the worker answers: attempts, and where deliveries stand.

The worker does not know who owns a message or an endpoint: the gateway checks that first.
"""

from datetime import datetime
from enum import IntEnum
from typing import Final

from .contract import Contract, Part
from .queries import Page

EXPUNGED_RESPONSE: Final = "EXPUNGED"
"""Stands for the answer of an attempt that was deleted, as in the Svix API."""


class AttemptStatus(IntEnum):
    """As the Svix API numbers them (`MessageStatus`)."""

    SUCCESS = 0
    PENDING = 1
    FAIL = 2
    SENDING = 3


class AttemptTrigger(IntEnum):
    """As the Svix API numbers them (`MessageAttemptTriggerType`)."""

    SCHEDULED = 0
    MANUAL = 1


class Timings(Part, frozen=True):
    """Durations of an attempt's phases, in milliseconds.

    `dns`, `connect` and `tls` are each phase's own, 0 on a kept connection; `first_byte` runs
    from the start to the first byte of the answer (0 without one), `total` to its end.
    """

    dns_ms: float
    connect_ms: float
    tls_ms: float
    first_byte_ms: float
    total_ms: float


class Evidence(Part, frozen=True):
    """One fact of an attempt, by its name in words."""

    name: str
    value: str


class Explanation(Part, frozen=True):
    """Why an attempt failed.

    `code` is stable, and has a page in the documentation. `cause` is one sentence; `remedy` says
    what to change, `remedy_by` who can: `customer` or `operator`.
    """

    code: str
    cause: str
    remedy: str
    remedy_by: str
    evidence: tuple[Evidence, ...] = ()


class Attempt(Part, frozen=True):
    """One HTTP request of a delivery.

    `response_status` is 0 when no answer came; `failure` then says why, in a sentence, and
    `failure_reason` by a stable name such as `connect_timed_out`. `response` is at most 16 KiB
    of the answer's body, as text; without an answer, `failure` again. Once it was deleted, it is
    `EXPUNGED_RESPONSE`. `application_id` is None in answers of an earlier worker. `http_version`,
    such as 1.1, and `reason_phrase` are those of the answer. `explanation` is that of a failure.
    """

    id: bytes
    message_id: bytes
    endpoint_id: bytes
    event_type: str
    url: str
    number: int
    status: AttemptStatus
    trigger: AttemptTrigger
    response_status: int
    response: str
    duration_ms: int
    ended_at: datetime
    failure: str | None = None
    next_attempt_at: datetime | None = None
    failure_reason: str | None = None
    timings: Timings | None = None
    channels: tuple[str, ...] = ()
    application_id: bytes | None = None
    http_version: str | None = None
    reason_phrase: str | None = None
    explanation: Explanation | None = None


class Header(Part, frozen=True):
    """One line of a head."""

    name: str
    value: str


class AttemptHeaders(Part, frozen=True):
    """The heads of an attempt's request and of its response.

    `recorded` is False for an attempt of which none are stored: they were deleted, or it is not
    HTTP, or older than the record. `sent` and `received` are in order, with repeated names; `sent`
    is empty, and `method` None, if nothing was sent. The values of `withheld` headers were never
    stored. Without a response, the members about it are None. `truncated`: a head was cut at 4 KiB.
    """

    url: str
    recorded: bool = True
    method: str | None = None
    http_version: str | None = None
    sent: tuple[Header, ...] = ()
    withheld: tuple[str, ...] = ()
    response_status: int = 0
    response_http_version: str | None = None
    reason_phrase: str | None = None
    received: tuple[Header, ...] | None = None
    truncated: bool = False


class AttemptFilter(Part, frozen=True):
    """`status_class` is 0 (no answer), 100, 200, … 500. Times bound the attempt's time,
    exclusive. `with_content` False leaves `response` empty. `will_retry` tells attempts after which
    another is scheduled from the others; `latest` leaves out those that a later one followed. Only
    searches have the last two."""

    status: AttemptStatus | None = None
    status_class: int | None = None
    event_types: tuple[str, ...] | None = None
    channel: str | None = None
    before: datetime | None = None
    after: datetime | None = None
    with_content: bool = True
    will_retry: bool | None = None
    latest: bool = False


class ListAttemptsByMessage(Contract, frozen=True, tag="attempt.by_message/1"):
    message_id: bytes
    page: Page
    filter: AttemptFilter = AttemptFilter()
    endpoint_id: bytes | None = None


class ListAttemptsByEndpoint(Contract, frozen=True, tag="attempt.by_endpoint/1"):
    endpoint_id: bytes
    page: Page
    filter: AttemptFilter = AttemptFilter()


class Attempts(Contract, frozen=True, tag="attempt.list_of/1"):
    """A page, newest first."""

    items: tuple[Attempt, ...]
    done: bool
    iterator: str | None = None
    prev_iterator: str | None = None


class GetAttempt(Contract, frozen=True, tag="attempt.get/1"):
    message_id: bytes
    attempt_id: bytes


class GetAttemptHeaders(Contract, frozen=True, tag="attempt.get_headers/1"):
    """Query: the headers of an attempt. Answered by `AttemptHeadersFound`, or a `Problem`:
    NOT_FOUND."""

    message_id: bytes
    attempt_id: bytes


class AttemptHeadersFound(Contract, frozen=True, tag="attempt.headers/1"):
    headers: AttemptHeaders


class ExpungeAttempt(Contract, frozen=True, tag="attempt.expunge/1"):
    """Delete the answer that an attempt got, and its headers. Answered by `Done`, or a `Problem`:
    NOT_FOUND."""

    message_id: bytes
    attempt_id: bytes


class AttemptFound(Contract, frozen=True, tag="attempt.found/1"):
    attempt: Attempt


class SearchAttempts(Contract, frozen=True, tag="attempt.search/1"):
    """Query: the attempts of an application, or of all applications of a tenant, newest first.
    Answered by `Attempts`. A page may be short or empty while it is not `done`: the search for a
    filter is bounded, and the next page continues it. `message_ids`: only attempts to deliver these
    messages, at most 250."""

    tenant_id: bytes
    page: Page
    application_id: bytes | None = None
    endpoint_id: bytes | None = None
    filter: AttemptFilter = AttemptFilter()
    message_ids: tuple[bytes, ...] | None = None


class FollowAttempts(Contract, frozen=True, tag="attempt.follow/1"):
    """Query: at most `limit` (1 to 1,000) attempts with an id above `after`, without their answers,
    of an application or of all applications of a tenant. Answered by `Attempts`, oldest first; not
    `done`: more follow."""

    tenant_id: bytes
    after: bytes
    application_id: bytes | None = None
    endpoint_id: bytes | None = None
    event_types: tuple[str, ...] | None = None
    limit: int = 500
