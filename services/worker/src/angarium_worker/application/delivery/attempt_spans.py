"""Spans of the attempts of traced messages."""

from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from angarium_chassis.tracing.spans import MESSAGE_ID, NS_PER_S, Attributes, Kind, OpenSpan, Spans
from angarium_chassis.tracing.trace_text import is_recorded, traceparent_of
from angarium_contracts.ids import APPLICATION, ENDPOINT, MESSAGE, format_id

from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.ledger.records import MessageFacts
from angarium_worker.domain.attempt_result import (
    REQUESTS,
    AbortRequested,
    Accepted,
    AttemptFacts,
    AttemptResult,
    DisableRequested,
    EndpointGone,
    NotAttempted,
    Rejected,
    Throttled,
    Unreachable,
)

ATTEMPT: Final = "attempt"
_OUTCOMES: Final[dict[type[AttemptFacts], str]] = {
    Accepted: "accepted",
    Rejected: "rejected",
    Throttled: "throttled",
    EndpointGone: "gone",
    DisableRequested: "disable_requested",
    AbortRequested: "abort_requested",
    Unreachable: "unreachable",
    NotAttempted: "not_attempted",
}

type OnResult = Callable[[AttemptResult], None]


class AttemptSpans:
    """Records an attempt and its phases, if its message is traced.

    The first attempt of a delivery belongs to the trace of its message. A retry, which may come
    days later, and what an operator or a background task sends again each begin a trace that is
    linked to it. Without `spans` the endpoint is named the message's context, and nothing more.
    """

    def __init__(self, spans: Spans | None = None) -> None:
        self._spans = spans

    def begin(
        self,
        trace: str,
        message: MessageFacts,
        endpoint: ResolvedEndpoint,
        number: int,
        *,
        link: str | None,
        on_result: OnResult,
    ) -> tuple[str, OnResult]:
        """The `traceparent` for the endpoint, and what to call with the result. `link` says why
        the attempt is not the first one."""
        spans = self._spans
        if spans is None or not is_recorded(trace):
            return traceparent_of(trace), on_result
        attributes = _attributes(message, endpoint, number)
        if link is None:
            span = spans.begin_below(ATTEMPT, Kind.CLIENT, trace, attributes)
        else:
            span = spans.begin_linked(ATTEMPT, Kind.CLIENT, trace, link, attributes)
        return span.traceparent, partial(_ended, span, on_result)


def _attributes(message: MessageFacts, endpoint: ResolvedEndpoint, number: int) -> Attributes:
    return {
        MESSAGE_ID: format_id(MESSAGE, message.id),
        "angarium.application.id": format_id(APPLICATION, message.application_id),
        "angarium.endpoint.id": format_id(ENDPOINT, endpoint.id),
        "angarium.attempt.number": number,
        **_server(endpoint.url),
    }


def _server(url: str) -> Attributes:
    """The host and port only: paths of webhooks often contain a secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return {}
    if not host:
        return {}
    return (
        {"server.address": host} if port is None else {"server.address": host, "server.port": port}
    )


def _ended(span: OpenSpan, on_result: OnResult, result: AttemptResult) -> None:
    on_result(result)
    _describe(span, result)


def _describe(span: OpenSpan, result: AttemptResult) -> None:
    span.set(
        {
            "angarium.attempt.outcome": _OUTCOMES[type(result)],
            "angarium.connection.reused": result.connection_reused,
        }
    )
    if result.response_status:
        span.set({"http.response.status_code": result.response_status})
    answer = result.answer if isinstance(result, REQUESTS) else result
    if not isinstance(answer, Accepted):
        reason = result.reason
        span.failed(str(result.response_status) if reason is None else reason.value)
    _record_phases(span, result)
    span.end(span.began_ns + int(result.duration_s * NS_PER_S))


def _record_phases(span: OpenSpan, result: AttemptFacts) -> None:
    """Record the phases as children, one after the other. The time that an attempt waits for a
    free connection or an access token counts towards `first_byte`."""
    at_s = 0.0
    for name, took_s in (
        ("dns", result.dns_s),
        ("connect", result.connect_s),
        ("tls", result.tls_s),
        ("first_byte", result.first_byte_s and result.first_byte_s - _dialled_s(result)),
        ("body", result.first_byte_s and result.duration_s - result.first_byte_s),
    ):
        if took_s > 0:
            began_ns = span.began_ns + int(at_s * NS_PER_S)
            at_s += took_s
            span.child(name, began_ns, span.began_ns + int(at_s * NS_PER_S))


def _dialled_s(result: AttemptFacts) -> float:
    return result.dns_s + result.connect_s + result.tls_s
