"""Responses that did not come in time, by phase."""

from collections.abc import Callable
from typing import Final

from .records import PHASE, AttemptRecord, Failure, Finding

REQUEST_WRITE: Final = "request write"
FIRST_BYTE: Final = "first byte"
BODY: Final = "body"

FAILURES: Final = (
    Failure(
        "request_write_timed_out",
        "The receiver did not read the request in time",
        "customer",
        "Let the receiver read the whole request; check that its process is not blocked.",
    ),
    Failure(
        "response_timed_out",
        "No response came in time",
        "customer",
        "Answer at once and process the webhook afterwards, such as in a queue; or raise the"
        " endpoint's timeout.",
    ),
    Failure(
        "response_body_timed_out",
        "The response was not complete in time",
        "customer",
        "Answer with a short body, and end it: send its Content-Length, or close the connection.",
    ),
)


def _response(record: AttemptRecord) -> Finding:
    phase = record.facts.get(PHASE, "")
    evidence = (("URL", record.url), ("Phase", phase or None), ("Time", record.detail))
    if phase == REQUEST_WRITE:
        cause = f"{record.host} accepted the connection but did not read the whole request in time."
        return Finding("request_write_timed_out", cause, evidence)
    if phase == BODY or record.status or "within the answer" in record.detail:
        cause = f"{record.host} began its response but did not complete it in time."
        return Finding("response_body_timed_out", cause, evidence)
    cause = f"{record.host} took the request but did not respond in time."
    return Finding("response_timed_out", cause, evidence)


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {"response_timed_out": _response}
