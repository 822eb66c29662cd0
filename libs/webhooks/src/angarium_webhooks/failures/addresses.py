"""URLs, addresses and destinations that nothing is sent to."""

from collections.abc import Callable
from typing import Final

from .records import AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "url_not_allowed",
        "The URL cannot be sent to",
        "customer",
        "Change the endpoint's URL to one of the form https://host/path.",
    ),
    Failure(
        "address_not_allowed",
        "The host has an address that is not allowed",
        "customer",
        "Register a URL whose host has public addresses only; for a receiver in a private network,"
        " the operator can allow its network.",
    ),
    Failure(
        "destination_not_allowed",
        "The operator does not allow this host or port",
        "operator",
        "Allow the host or port in the settings of the workers, or register another URL.",
    ),
)


def _url(record: AttemptRecord) -> Finding:
    cause = "The endpoint's URL is not one that webhooks can be sent to."
    return Finding("url_not_allowed", cause, (("URL", record.url), ("Detail", record.detail)))


def _address(record: AttemptRecord) -> Finding:
    cause = f"{record.host} has an address that webhooks may not be sent to."
    evidence = (("Host", record.host), ("Address", record.detail))
    return Finding("address_not_allowed", cause, evidence)


def _destination(record: AttemptRecord) -> Finding:
    cause = f"The operator does not let webhooks go to {record.host} or to its port."
    return Finding("destination_not_allowed", cause, (("URL", record.url), ("Rule", record.detail)))


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "url_refused": _url,
    "address_not_allowed": _address,
    "destination_not_allowed": _destination,
}
