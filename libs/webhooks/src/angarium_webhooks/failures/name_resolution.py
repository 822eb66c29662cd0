"""Failures of resolving the endpoint's host name."""

from collections.abc import Callable
from typing import Final

from .records import DNS_ERROR, AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "name_not_found",
        "The host name does not exist",
        "customer",
        "Correct the host name in the endpoint's URL, or add the DNS record that it lacks.",
    ),
    Failure(
        "name_server_failed",
        "The name servers gave no usable answer",
        "customer",
        "Check the domain's name servers and its DNSSEC records; if other endpoints fail the same"
        " way, the operator must check the resolver of the workers.",
    ),
    Failure(
        "name_has_no_address",
        "The host name has no address",
        "customer",
        "Add an A or AAAA record for the host name.",
    ),
    Failure(
        "name_has_too_many_addresses",
        "The host name has too many addresses",
        "customer",
        "Use a host name with at most 64 addresses.",
    ),
    Failure(
        "name_not_resolved",
        "The host name could not be resolved",
        "customer",
        "Check that the host name of the endpoint's URL resolves from the internet.",
    ),
    Failure(
        "name_resolution_timed_out",
        "Resolving the host name took too long",
        "customer",
        "Check that the domain's name servers answer; if other endpoints fail the same way, the"
        " operator must check the resolver of the workers.",
    ),
)

_NOT_FOUND = frozenset({"EAI_NONAME"})
_NO_ADDRESS = frozenset({"EAI_NODATA", "EAI_ADDRFAMILY"})
_SERVER_FAILED = frozenset({"EAI_AGAIN", "EAI_FAIL"})


def _failed(record: AttemptRecord) -> Finding:
    host, error = record.host, record.facts.get(DNS_ERROR, "")
    evidence = (("Host", host), ("Resolver error", error or None), ("Detail", record.detail))
    if error in _NO_ADDRESS or "has no address" in record.detail:
        return Finding("name_has_no_address", f"{host} exists but has no address.", evidence)
    if error in _NOT_FOUND:
        cause = f"There is no host {host} in the DNS (NXDOMAIN)."
        return Finding("name_not_found", cause, evidence)
    if error in _SERVER_FAILED:
        cause = f"The name servers of {host} gave no usable answer (SERVFAIL, or none in time)."
        return Finding("name_server_failed", cause, evidence)
    if record.detail.endswith(" addresses"):
        cause = f"{host} has more addresses than Angarium tries."
        return Finding("name_has_too_many_addresses", cause, evidence)
    return Finding("name_not_resolved", f"{host} could not be resolved.", evidence)


def _timed_out(record: AttemptRecord) -> Finding:
    cause = f"{record.host} was not resolved before the attempt's time was over."
    evidence = (("Host", record.host), ("Time", record.detail))
    return Finding("name_resolution_timed_out", cause, evidence)


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "dns_failed": _failed,
    "dns_timed_out": _timed_out,
}
