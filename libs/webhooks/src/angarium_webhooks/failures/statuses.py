"""Responses that say by their status alone why they are no success."""

from typing import Final

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "bad_request",
        "The receiver found the request invalid (400)",
        "customer",
        "Compare what the receiver expects with the message's payload; its response may say more.",
    ),
    Failure(
        "authentication_required",
        "The receiver wants other credentials (401)",
        "customer",
        "Set the endpoint's `authentication` or the header that the receiver wants, or let it"
        " accept the signature instead.",
    ),
    Failure(
        "access_forbidden",
        "The receiver forbids the request (403)",
        "customer",
        "Permit the request on the receiver: check its access rules, allowed addresses, and"
        " signature check.",
    ),
    Failure(
        "not_found",
        "The receiver has nothing at this URL (404)",
        "customer",
        "Correct the path of the endpoint's URL, or deploy its handler.",
    ),
    Failure(
        "method_not_allowed",
        "The receiver takes no POST at this URL (405)",
        "customer",
        "Let the handler accept POST, or correct the path: a missing or additional slash at its end"
        " is common.",
    ),
    Failure(
        "request_timed_out_at_receiver",
        "The receiver tired of waiting for the request (408)",
        "customer",
        "Check what limits the receiver's time to read a request.",
    ),
    Failure(
        "conflict",
        "The receiver says that the request conflicts (409)",
        "customer",
        "Answer 2xx for a message that was received before: the same id comes again after a retry.",
    ),
    Failure(
        "endpoint_gone",
        "The receiver says that the endpoint is gone (410)",
        "customer",
        "Nothing, if that was meant: the endpoint is disabled. Else correct its URL and enable it.",
    ),
    Failure(
        "payload_too_large",
        "The body is over the receiver's limit (413)",
        "customer",
        "Raise the receiver's limit, such as nginx's `client_max_body_size`, or send thin events.",
    ),
    Failure(
        "unsupported_media_type",
        "The receiver does not take this content type (415)",
        "customer",
        "Let the handler accept the content type in the evidence, or set the endpoint's"
        " `contentType`.",
    ),
    Failure(
        "payload_refused",
        "The receiver does not accept the payload (422)",
        "customer",
        "Compare the receiver's schema with that of the event type.",
    ),
    Failure(
        "too_many_requests",
        "The receiver gets too many requests, and says for how long (429)",
        "customer",
        "Raise the receiver's limit, or set the endpoint's `throttleRate` below it.",
    ),
    Failure(
        "too_many_requests_without_time",
        "The receiver gets too many requests (429)",
        "customer",
        "Set the endpoint's `throttleRate` below the receiver's limit, and let the receiver answer"
        " with `Retry-After`.",
    ),
    Failure(
        "client_error",
        "The receiver refused the request (4xx)",
        "customer",
        "Look up the status in the receiver's documentation.",
    ),
    Failure(
        "server_error",
        "The receiver failed to handle the webhook (500)",
        "customer",
        "Look for an error in the receiver's log at the time of the attempt.",
    ),
    Failure(
        "not_implemented",
        "The receiver does not implement the request (501)",
        "customer",
        "Let the handler accept POST.",
    ),
    Failure(
        "bad_gateway",
        "A gateway got no usable answer from the receiver (502)",
        "customer",
        "Check that the application behind the gateway is running.",
    ),
    Failure(
        "service_unavailable",
        "The receiver is not available, and says for how long (503)",
        "customer",
        "Nothing, if it was planned: deliveries go on afterwards.",
    ),
    Failure(
        "service_unavailable_without_time",
        "The receiver is not available (503)",
        "customer",
        "Check that the receiver is running and not overloaded; let it answer with `Retry-After`.",
    ),
    Failure(
        "gateway_timed_out",
        "A gateway got no answer from the receiver in time (504)",
        "customer",
        "Answer at once and process the webhook afterwards, such as in a queue.",
    ),
    Failure(
        "server_error_other",
        "The receiver failed (5xx)",
        "customer",
        "Look up the status in the documentation of the receiver's server.",
    ),
    Failure(
        "unexpected_status",
        "The receiver answered with a status that means nothing here",
        "customer",
        "Let the receiver answer with a 2xx status.",
    ),
)

_BY_STATUS: Final = {
    400: "bad_request",
    401: "authentication_required",
    403: "access_forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timed_out_at_receiver",
    409: "conflict",
    410: "endpoint_gone",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "payload_refused",
    500: "server_error",
    501: "not_implemented",
    502: "bad_gateway",
    504: "gateway_timed_out",
}
_BY_RETRY_AFTER: Final = {
    429: ("too_many_requests", "too_many_requests_without_time"),
    503: ("service_unavailable", "service_unavailable_without_time"),
}
_HEADERS: Final = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    415: ("Accept", "Accept-Post"),
    429: ("Retry-After", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Reset"),
    503: ("Retry-After",),
}


def explain_status(record: AttemptRecord) -> Finding:
    """Any status that is no success."""
    status = record.status
    code = _BY_STATUS.get(status)
    if status in _BY_RETRY_AFTER:
        code = _BY_RETRY_AFTER[status][0 if record.head.first("retry-after") else 1]
    if code is None:
        classes = {4: "client_error", 5: "server_error_other"}
        code = classes.get(min(status, 599) // 100, "unexpected_status")
    title = next(each.title for each in FAILURES if each.code == code)
    cause = f"{record.host} answered {status}: {title[:1].lower()}{title[1:]}."
    return Finding(code, cause, answered(record, "Server", *_HEADERS.get(status, ())))
