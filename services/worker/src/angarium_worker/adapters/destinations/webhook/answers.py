"""Classifies HTTP responses: the one place where status codes, Retry-After and webhook-delivery are
read."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from angarium_worker.application.destinations.destination import FailedAnswer
from angarium_worker.domain.attempt_result import (
    AbortRequested,
    Accepted,
    Attempted,
    AttemptFacts,
    DisableRequested,
    EndpointGone,
    FailureReason,
    PhasesS,
    Rejected,
    Rejection,
    Throttled,
    Unreachable,
)
from angarium_worker.domain.exchange import Exchange
from angarium_worker.domain.retry_after import RETRY_AFTER_S_MAX

from .response import Response

GONE_STATEMENT: Final = "the endpoint answered 410 Gone"
DISABLE: Final = "disable"
ABORT_MESSAGE: Final = "abort-message"
DISABLE_STATEMENT: Final = "the endpoint answered with webhook-delivery: disable"
_ANSWER_FACTS: Final = (*AttemptFacts.__struct_fields__[:9], "exchange")
_GONE = 410
_TOO_MANY_REQUESTS = 429
_UNAVAILABLE = 503
_PAUSES = frozenset({_TOO_MANY_REQUESTS, _UNAVAILABLE})
_GATEWAY_TIMED_OUT = 504
_SUCCESSES = range(200, 300)
_SERVER_ERROR_MIN = 500
_HEADER_CHARS_MAX = 64
_DIGITS_MAX = 12


def read_answer(
    status: int,
    body: bytes,
    retry_after: str | None,
    clock_s: Callable[[], float],
    duration_s: float,
    first_byte_s: float = 0.0,
    dns_s: float = 0.0,
    connect_s: float = 0.0,
    tls_s: float = 0.0,
    *,
    connection_reused: bool = False,
    body_truncated: bool = False,
    request: str | None = None,
    exchange: Exchange | None = None,
) -> Attempted:
    """The result of an attempt that was answered with a final status, 200 to 999.

    600 and above count as 5xx (RFC 9110, section 15). 2xx took it, 410 ends the endpoint, all else
    has failed, redirects included (Standard Webhooks, "Deliverability and reliability"). 429 and
    503 ask for a pause, and may say how long in `retry_after` (RFC 9110, section 10.2.3), a time
    or one counted from `clock_s` (Unix time). `request` is the header `webhook-delivery`;
    `exchange` is what was sent and received.
    """
    if status in _SUCCESSES:
        accepted = Accepted(
            status,
            body,
            duration_s,
            first_byte_s,
            dns_s,
            connect_s,
            tls_s,
            connection_reused,
            body_truncated,
            exchange=exchange,
        )
        return accepted if request is None else _with_request(accepted, request)
    phases_s = (duration_s, first_byte_s, dns_s, connect_s, tls_s)
    facts = (status, body, *phases_s, connection_reused, body_truncated)
    if status == _GONE:
        return EndpointGone(*facts, statement=GONE_STATEMENT, exchange=exchange)
    answer: Throttled | Rejected
    if status in _PAUSES:
        retry_after_s = parse_retry_after(retry_after, clock_s())
        answer = Throttled(*facts, retry_after_s=retry_after_s, exchange=exchange)
    else:
        answer = Rejected(*facts, rejection=_rejection(status), exchange=exchange)
    return answer if request is None else _with_request(answer, request)


def _with_request(answer: Accepted | Rejected | Throttled, request: str) -> Attempted:
    """The answer with what it asks for in `webhook-delivery`; any other text asks for nothing."""
    asked = request.strip().lower()
    facts: dict[str, Any] = {name: getattr(answer, name) for name in _ANSWER_FACTS}
    if asked == DISABLE:
        reason = None if isinstance(answer, Accepted) else FailureReason.DISABLED_BY_RECEIVER
        return DisableRequested(**facts, reason=reason, answer=answer, statement=DISABLE_STATEMENT)
    if asked == ABORT_MESSAGE and not isinstance(answer, Accepted):
        return AbortRequested(**facts, reason=FailureReason.ABORTED_BY_RECEIVER, answer=answer)
    return answer


def read_broken_answer(
    response: Response,
    reason: FailureReason,
    why: str,
    clock_s: Callable[[], float],
    phases_s: PhasesS,
    exchange: Exchange | None = None,
) -> Attempted:
    """The result of an attempt whose answer broke off after its status line.

    It has failed whatever the status, and keeps what came. Only a wish for a pause is followed:
    the rest of the answer cannot take it back.
    """
    status = response.status
    detail = f"answered {status}, but the answer broke off {response.where_it_broke_off}"
    if why:
        detail = f"{detail}: {why}"
    facts = (status, response.body, *phases_s, False, True)
    if status in _PAUSES:
        retry_after_s = parse_retry_after(response.retry_after, clock_s())
        return Throttled(
            *facts, reason=reason, detail=detail, retry_after_s=retry_after_s, exchange=exchange
        )
    return Unreachable(*facts, reason=reason, detail=detail, exchange=exchange)


def _rejection(status: int) -> Rejection:
    if status == _GATEWAY_TIMED_OUT:
        return Rejection.OVERLOADED
    return Rejection.FAILED if status >= _SERVER_ERROR_MIN else Rejection.REFUSED


def parse_retry_after(text: str | None, now_s: float) -> float | None:
    """Seconds from `now_s` (Unix time), 0 to `RETRY_AFTER_S_MAX`; None when it says nothing
    that can be understood. Takes whole seconds, or a date in any of the forms of HTTP."""
    if text is None or len(text) > _HEADER_CHARS_MAX or not text.isascii():
        return None
    text = text.strip()
    if text.isdigit():
        digits = text.lstrip("0")
        if len(digits) > _DIGITS_MAX:
            return RETRY_AFTER_S_MAX
        return min(float(digits or 0), RETRY_AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(text)
        at_s = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(0.0, min(at_s - now_s, RETRY_AFTER_S_MAX))


_BY_STATUS = {
    _GONE: FailedAnswer(
        "endpoint_gone", "The endpoint answered 410 Gone and was disabled; enable it to go on."
    ),
    _TOO_MANY_REQUESTS: FailedAnswer(
        "too_many_requests", "The endpoint gets more requests than it takes; it is sent less."
    ),
    _UNAVAILABLE: FailedAnswer(
        "service_unavailable", "The endpoint is not available at the moment; it is sent less."
    ),
}
_BY_CLASS = {
    3: FailedAnswer(
        "redirect_not_followed",
        "The endpoint answered with a redirect, and redirects are never followed; give it the URL"
        " that the redirect leads to.",
    ),
    4: FailedAnswer("webhook_refused", "The endpoint refused the webhook."),
    5: FailedAnswer("endpoint_failed", "The endpoint failed to handle the webhook."),
}
_OTHER = FailedAnswer(
    "unexpected_status", "The endpoint answered with a status that is not meant for it."
)


def failed_answer(status: int) -> FailedAnswer | None:
    """Why an answer of this status is a failure; None for a success, or without an answer."""
    if status == 0 or status in _SUCCESSES:
        return None
    return _BY_STATUS.get(status) or _BY_CLASS.get(min(status, _SERVER_ERROR_MIN) // 100, _OTHER)
