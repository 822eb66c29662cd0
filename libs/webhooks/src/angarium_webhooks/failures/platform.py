"""Failures on the side of Angarium, its proxies and its limits, and requests of receivers."""

from collections.abc import Callable
from typing import Final

from .records import AttemptRecord, Failure, Finding, answered

FAILURES: Final = (
    Failure(
        "proxy_failed",
        "The proxy opened no connection",
        "operator",
        "Check the proxy in the evidence; an endpoint's own proxy is the customer's to correct.",
    ),
    Failure(
        "request_headers_too_large",
        "The request's headers are too large",
        "customer",
        "Remove or shorten the endpoint's own headers: all of a request have at most 32 KiB.",
    ),
    Failure(
        "request_header_invalid",
        "A header of the request cannot be sent",
        "customer",
        "Correct the header that the evidence names.",
    ),
    Failure(
        "no_free_connection",
        "Angarium had no free connection",
        "operator",
        "Start more workers, or raise their limit of connections and of open files.",
    ),
    Failure(
        "sender_stopped",
        "Angarium was stopping",
        "operator",
        "Nothing: the delivery is repeated by another worker.",
    ),
    Failure(
        "internal_error",
        "Angarium failed to make the attempt",
        "operator",
        "Look for the error in the worker's log at the time of the attempt, and report it.",
    ),
    Failure(
        "disabled_by_receiver",
        "The receiver asked to be disabled",
        "customer",
        "Enable the endpoint once the receiver wants webhooks again, or set its `receiverControl`"
        " to false.",
    ),
    Failure(
        "aborted_by_receiver",
        "The receiver asked not to get this message again",
        "customer",
        "Nothing, if that was meant; else remove `webhook-delivery: abort-message` from the"
        " response.",
    ),
    Failure(
        "unknown_failure",
        "The failure is not known to this version",
        "operator",
        "Update the services to the version of the worker that recorded it.",
    ),
)


def _proxy(record: AttemptRecord) -> Finding:
    cause = f"The proxy in front of {record.host} did not open a connection."
    return Finding("proxy_failed", cause, (("Detail", record.detail),))


def _request(record: AttemptRecord) -> Finding:
    evidence = (("Detail", record.detail),)
    if "more than" in record.detail:
        cause = "The headers of the request are larger than Angarium sends."
        return Finding("request_headers_too_large", cause, evidence)
    return Finding("request_header_invalid", "A header of the request cannot be sent.", evidence)


def _no_connection(record: AttemptRecord) -> Finding:
    cause = "Angarium had no free connection in time; the endpoint was not contacted."
    return Finding("no_free_connection", cause, (("Detail", record.detail),))


def _stopped(record: AttemptRecord) -> Finding:
    cause = "Angarium was stopping; the attempt was not completed."
    return Finding("sender_stopped", cause, (("Detail", record.detail),))


def _internal(record: AttemptRecord) -> Finding:
    cause = "Angarium failed to make the attempt."
    return Finding("internal_error", cause, (("Error", record.detail),))


def _disabled(record: AttemptRecord) -> Finding:
    cause = f"{record.host} answered with `webhook-delivery: disable`."
    return Finding("disabled_by_receiver", cause, answered(record, "webhook-delivery"))


def _aborted(record: AttemptRecord) -> Finding:
    cause = f"{record.host} answered with `webhook-delivery: abort-message`."
    return Finding("aborted_by_receiver", cause, answered(record, "webhook-delivery"))


def explain_unknown(record: AttemptRecord) -> Finding:
    """A reason that this version does not know."""
    cause = "The attempt failed for a reason that this version does not know."
    evidence = (("Reason", record.reason), ("Detail", record.detail))
    return Finding("unknown_failure", cause, evidence)


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "proxy_failed": _proxy,
    "request_refused": _request,
    "no_free_connection": _no_connection,
    "sender_closed": _stopped,
    "internal_error": _internal,
    "disabled_by_receiver": _disabled,
    "aborted_by_receiver": _aborted,
}
