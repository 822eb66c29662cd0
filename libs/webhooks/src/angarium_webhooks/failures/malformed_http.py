"""Responses that are not valid HTTP/1.1, with what was seen of them."""

from collections.abc import Callable
from typing import Final

from .records import AttemptRecord, Failure, Finding

SEEN_BYTES: Final = 120

FAILURES: Final = (
    Failure(
        "port_speaks_tls",
        "The port speaks TLS, but the URL is http",
        "customer",
        "Register the URL with https.",
    ),
    Failure(
        "response_not_http",
        "The response is not HTTP",
        "customer",
        "Check the port of the URL: another service answers there.",
    ),
    Failure(
        "response_malformed",
        "The response is malformed HTTP",
        "customer",
        "Correct the part of the response that the evidence shows (RFC 9112).",
    ),
    Failure(
        "response_head_too_long",
        "The response has too many or too long headers",
        "customer",
        "Send fewer headers: the head of a response has at most 32 KiB.",
    ),
    Failure(
        "response_switches_protocol",
        "The receiver switched to another protocol",
        "customer",
        "Register a URL of an HTTP handler, not of a WebSocket.",
    ),
    Failure(
        "response_interim_invalid",
        "The interim responses are not acceptable",
        "customer",
        "Send at most 8 interim (1xx) responses, without bodies, before the final one.",
    ),
    Failure(
        "response_before_request",
        "The receiver sent bytes before the request",
        "customer",
        "Check the port of the URL: servers of other protocols, such as SSH or SMTP, speak first.",
    ),
)


def _invalid(record: AttemptRecord) -> Finding:
    detail, host = record.detail, record.host
    evidence = (("URL", record.url), ("Fault", detail), ("Bytes seen", _seen(record.received)))
    if "speaks TLS" in detail:
        cause = f"The port of {host} speaks TLS, but the URL's scheme does not."
        return Finding("port_speaks_tls", cause, evidence)
    if "before the request" in detail:
        cause = f"{host} sent bytes before it got a request, which HTTP servers never do."
        return Finding("response_before_request", cause, evidence)
    if "longer than" in detail:
        cause = f"The head of the response of {host} is too long."
        return Finding("response_head_too_long", cause, evidence)
    if "other protocol" in detail:
        cause = f"{host} answered 101 to switch to another protocol."
        return Finding("response_switches_protocol", cause, evidence)
    if "interim" in detail or "with a body" in detail:
        cause = f"The interim responses of {host} are not acceptable: {detail}."
        return Finding("response_interim_invalid", cause, evidence)
    if record.received and not record.received.startswith(b"HTTP/"):
        cause = f"What {host} answered is not HTTP."
        return Finding("response_not_http", cause, evidence)
    cause = f"The response of {host} is malformed: {detail or 'it is not valid HTTP/1.1'}."
    return Finding("response_malformed", cause, evidence)


def _seen(received: bytes) -> str | None:
    """The beginning of what came, with everything but printable ASCII as escapes."""
    if not received:
        return None
    return repr(received[:SEEN_BYTES])[1:].strip("'\"")


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {"invalid_response": _invalid}
