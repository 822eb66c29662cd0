"""Connections that were refused, did not come about, or broke."""

from collections.abc import Callable
from typing import Final

from .records import OS_ERROR, PHASE, REQUEST_SENT, AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "connection_refused",
        "The connection was refused",
        "customer",
        "Start the receiver, and check the port in the URL and the firewall in front of it.",
    ),
    Failure(
        "connect_timed_out",
        "No connection was made in time",
        "customer",
        "Check that the receiver's firewall lets connections of Angarium in, and that the host is"
        " up.",
    ),
    Failure(
        "host_unreachable",
        "The host cannot be reached",
        "customer",
        "Check that the host is up and that its address in the DNS is current.",
    ),
    Failure(
        "network_unreachable",
        "There is no route to the host's network",
        "operator",
        "Give the workers a route to the network, such as IPv6 connectivity; or the customer"
        " publishes an IPv4 address.",
    ),
    Failure(
        "connection_reset_before_request",
        "The connection was reset before the request was sent",
        "customer",
        "Check what stands in front of the receiver: a firewall or a full backlog ends new"
        " connections.",
    ),
    Failure(
        "connection_reset_after_request",
        "The connection was reset after the request was sent",
        "customer",
        "Check the receiver's log for a crash or a limit at the time of the attempt.",
    ),
    Failure(
        "connection_reset_within_response",
        "The connection was reset within the response",
        "customer",
        "Check the receiver's log for a crash while it answered.",
    ),
    Failure(
        "connection_closed_before_request",
        "The connection was closed before the request was sent",
        "customer",
        "Check what stands in front of the receiver: it accepts connections and closes them.",
    ),
    Failure(
        "connection_closed_without_response",
        "The connection was closed without a response",
        "customer",
        "Let the receiver answer each request with a status; check its log for a crash.",
    ),
    Failure(
        "response_incomplete",
        "The response broke off",
        "customer",
        "Let the receiver send as many bytes as its Content-Length says, and end chunked bodies.",
    ),
)


def _refused(record: AttemptRecord) -> Finding:
    return Finding(
        "connection_refused", f"{record.host} refused the connection.", _evidence(record)
    )


def _timed_out(record: AttemptRecord) -> Finding:
    cause = f"{record.host} did not accept a connection in time."
    return Finding("connect_timed_out", cause, _evidence(record))


def _unreachable(record: AttemptRecord) -> Finding:
    if record.facts.get(OS_ERROR) == "ENETUNREACH":
        cause = f"The workers have no route to the network of {record.host}."
        return Finding("network_unreachable", cause, _evidence(record))
    cause = f"The network says that {record.host} cannot be reached."
    return Finding("host_unreachable", cause, _evidence(record))


def _reset(record: AttemptRecord) -> Finding:
    if record.status or record.received:
        cause = f"{record.host} reset the connection before its response was complete."
        return Finding("connection_reset_within_response", cause, _evidence(record))
    if record.facts.get(REQUEST_SENT) == "yes":
        cause = f"{record.host} reset the connection after the request was sent."
        return Finding("connection_reset_after_request", cause, _evidence(record))
    cause = f"{record.host} reset the connection before the request was sent."
    return Finding("connection_reset_before_request", cause, _evidence(record))


def _closed(record: AttemptRecord) -> Finding:
    if record.status or record.received:
        cause = f"{record.host} closed the connection before its response was complete."
        return Finding("response_incomplete", cause, _evidence(record))
    if "before the request" in record.detail:
        cause = f"{record.host} closed the connection before the request was sent."
        return Finding("connection_closed_before_request", cause, _evidence(record))
    cause = f"{record.host} closed the connection without a response."
    return Finding("connection_closed_without_response", cause, _evidence(record))


def _evidence(record: AttemptRecord) -> tuple[tuple[str, str | None], ...]:
    status = f"{record.status} {record.head.reason}".strip() if record.status else None
    return (
        ("URL", record.url),
        ("Detail", record.detail),
        ("System error", record.facts.get(OS_ERROR)),
        ("Phase", record.facts.get(PHASE)),
        ("Response status", status),
    )


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "connection_refused": _refused,
    "connect_timed_out": _timed_out,
    "unreachable": _unreachable,
    "connection_reset": _reset,
    "connection_closed": _closed,
}
