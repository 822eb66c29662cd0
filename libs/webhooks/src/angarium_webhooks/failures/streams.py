"""Endpoints that are Redis or Valkey streams."""

from collections.abc import Callable
from typing import Final

from .records import AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "stream_authentication_failed",
        "The stream's server wants other credentials",
        "customer",
        "Correct the user and the password in the endpoint's URL.",
    ),
    Failure(
        "stream_permission_denied",
        "The user may not append to the stream",
        "customer",
        "Give the user the permission to XADD to the stream's key.",
    ),
    Failure(
        "stream_key_is_no_stream",
        "The key holds something that is not a stream",
        "customer",
        "Name another key in the endpoint's URL, or delete what the key holds.",
    ),
    Failure(
        "stream_on_another_node",
        "The stream is on another node of the cluster",
        "customer",
        "Register the URL of the node that has the stream's slot.",
    ),
    Failure(
        "stream_out_of_memory",
        "The stream's server is out of memory",
        "customer",
        "Give the server more memory, or trim its streams.",
    ),
    Failure(
        "stream_read_only",
        "The stream's server is a read-only replica",
        "customer",
        "Register the URL of the primary server.",
    ),
    Failure(
        "stream_not_ready",
        "The stream's server takes no entries at the moment",
        "customer",
        "Wait until the server has loaded its data or its cluster is complete; deliveries are"
        " repeated.",
    ),
    Failure(
        "stream_refused",
        "The stream's server refused the entry",
        "customer",
        "Check the server's log for the error that it answered.",
    ),
)

_BY_ERROR = {
    "NOAUTH": "stream_authentication_failed",
    "WRONGPASS": "stream_authentication_failed",
    "NOPERM": "stream_permission_denied",
    "WRONGTYPE": "stream_key_is_no_stream",
    "MOVED": "stream_on_another_node",
    "ASK": "stream_on_another_node",
    "OOM": "stream_out_of_memory",
    "READONLY": "stream_read_only",
}


def _refused(record: AttemptRecord) -> Finding:
    return _finding(record, "stream_refused")


def _not_ready(record: AttemptRecord) -> Finding:
    return _finding(record, "stream_not_ready")


def _finding(record: AttemptRecord, otherwise: str) -> Finding:
    error, _, words = record.detail.partition(": ")
    code = _BY_ERROR.get(error, otherwise)
    cause = f"The stream's server did not take the entry: {words or error or 'it refused it'}."
    return Finding(code, cause, (("Host", record.host), ("Error", error), ("Detail", words)))


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "stream_refused": _refused,
    "stream_not_ready": _not_ready,
}
