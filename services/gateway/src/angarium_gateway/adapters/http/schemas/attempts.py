"""Attempts on the wire."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Literal

from angarium_contracts.attempts import Attempt, AttemptStatus, AttemptTrigger, Timings
from angarium_contracts.ids import ATTEMPT, ENDPOINT, MESSAGE, format_id
from msgspec import UNSET, Meta, UnsetType

from .explanations import ExplanationOut, explanation_out
from .fields import ApiSchema
from .messages import MessageOut


class StatusCodeClass(IntEnum):
    """Classes of response statuses, as the Svix API numbers them; 0: no response came."""

    NONE = 0
    INFORMATIONAL = 100
    SUCCESSFUL = 200
    REDIRECTION = 300
    CLIENT_ERROR = 400
    SERVER_ERROR = 500


StatusText = Literal["success", "pending", "fail", "sending"]

STATUS_TEXTS: dict[AttemptStatus, StatusText] = {
    AttemptStatus.SUCCESS: "success",
    AttemptStatus.PENDING: "pending",
    AttemptStatus.FAIL: "fail",
    AttemptStatus.SENDING: "sending",
}


class AttemptTimings(ApiSchema, frozen=True, kw_only=True):
    """Durations of an attempt in milliseconds.

    `dns`, `connect` and `tls` are 0 on a reused connection. `firstByte` and `total` count from the
    start of the attempt; `body` is the time between the response's first byte and its end. Both are
    0 if no response came.
    """

    dns: float
    connect: float
    tls: float
    first_byte: float
    body: float
    total: float


class MessageAttemptOut(ApiSchema, frozen=True, kw_only=True):
    """One HTTP request to an endpoint, and its outcome."""

    id: Annotated[str, Meta(examples=["atmpt_05jHR6TnRzUGhKWN8Ckr5D"])]
    msg_id: str
    endpoint_id: str
    url: str
    response: Annotated[
        str,
        Meta(
            description="The first 16 KiB of the response body, or what came of it; the same as"
            " `failure` if no response came."
        ),
    ]
    response_status_code: Annotated[
        int,
        Meta(
            description="0 if no response came. A failed attempt may have a 2xx: its response broke"
            " off."
        ),
    ]
    response_duration_ms: int
    status: AttemptStatus
    status_text: StatusText
    trigger_type: AttemptTrigger
    timestamp: datetime
    msg: MessageOut | None
    failure: Annotated[
        str | UnsetType,
        Meta(description="Why the attempt failed, in a sentence; absent if it did not."),
    ] = UNSET
    failure_reason: Annotated[
        str | UnsetType,
        Meta(
            description="Why the attempt failed, as a stable name for programs.",
            examples=["connect_timed_out"],
        ),
    ] = UNSET
    timings: AttemptTimings | UnsetType = UNSET
    attempt_number: Annotated[int, Meta(description="1 for the first attempt of a delivery.")] = 1
    next_attempt: Annotated[
        datetime | UnsetType,
        Meta(description="When the next attempt is due; absent if none follows this one."),
    ] = UNSET
    http_version: Annotated[
        str | UnsetType, Meta(description="Of the response; absent if none came.", examples=["1.1"])
    ] = UNSET
    response_status_text: Annotated[
        str | UnsetType,
        Meta(description="The reason phrase of the response's status, if it had one."),
    ] = UNSET
    explanation: Annotated[
        ExplanationOut | UnsetType,
        Meta(description="Why the attempt failed and what to change; absent if it did not."),
    ] = UNSET


def attempt_out(
    attempt: Attempt, documentation_url: str | None, msg: MessageOut | None = None
) -> MessageAttemptOut:
    """An attempt as clients see it."""
    return MessageAttemptOut(
        id=format_id(ATTEMPT, attempt.id),
        msg_id=format_id(MESSAGE, attempt.message_id),
        endpoint_id=format_id(ENDPOINT, attempt.endpoint_id),
        url=attempt.url,
        response=attempt.response,
        response_status_code=attempt.response_status,
        response_duration_ms=attempt.duration_ms,
        status=attempt.status,
        status_text=STATUS_TEXTS[attempt.status],
        trigger_type=attempt.trigger,
        timestamp=attempt.ended_at,
        msg=msg,
        failure=_or_unset(attempt.failure),
        failure_reason=_or_unset(attempt.failure_reason),
        timings=UNSET if attempt.timings is None else _timings_out(attempt.timings),
        attempt_number=attempt.number,
        next_attempt=_or_unset(attempt.next_attempt_at),
        http_version=_or_unset(attempt.http_version),
        response_status_text=_or_unset(attempt.reason_phrase),
        explanation=explanation_out(attempt.explanation, documentation_url),
    )


def _timings_out(timings: Timings) -> AttemptTimings:
    return AttemptTimings(
        dns=timings.dns_ms,
        connect=timings.connect_ms,
        tls=timings.tls_ms,
        first_byte=timings.first_byte_ms,
        # Each is in whole microseconds; their difference has a float's dust.
        body=round(timings.total_ms - timings.first_byte_ms, 3) if timings.first_byte_ms else 0.0,
        total=timings.total_ms,
    )


def _or_unset[T](value: T | None) -> T | UnsetType:
    return UNSET if value is None else value
