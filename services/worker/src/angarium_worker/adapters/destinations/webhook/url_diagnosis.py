"""Checks whether webhooks can be delivered to a URL, and why not; sends only the DNS query."""

from collections.abc import Collection
from ipaddress import ip_address

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from angarium_webhooks.stream_url import is_stream_url
from msgspec import Struct

from .egress_rules import Address, AddressVerdict, EgressRules
from .failures import lookup_failure
from .name_resolution import LookUp


class UrlDiagnosis(Struct, frozen=True):
    """Findings of each step towards a connection, up to the first failure.

    `canonical` is None for a URL that is refused when an endpoint is saved. `refusal` says in
    words why nothing would be sent, None if it would be. `addresses` are the verdicts on all
    addresses of the host, empty if it does not come to them.
    """

    canonical: str | None
    refusal: str | None
    addresses: tuple[AddressVerdict, ...] = ()


def diagnose(
    url: str, rules: EgressRules, own: Collection[Address], lookup: LookUp, *, allow_http: bool
) -> UrlDiagnosis:
    """Parse, resolve and judge as the sender does; blocks while the resolver does."""
    if is_stream_url(url):
        return UrlDiagnosis(None, "This is the URL of a stream; doctor examines those of webhooks.")
    try:
        parsed = parse_endpoint_url(url, allow_http=allow_http)
    except UrlRefused as refused:
        return UrlDiagnosis(None, str(refused))
    refusal = rules.destination_refusal(parsed.host, parsed.port)
    if refusal is not None:
        return UrlDiagnosis(parsed.canonical, f"{refusal[0].upper()}{refusal[1:]}.")
    try:
        addresses = _addresses_of(parsed.host, lookup)
    except (OSError, UnicodeError) as error:
        failure = error if isinstance(error, OSError) else OSError(str(error))
        detail = lookup_failure(failure, parsed.host).detail
        return UrlDiagnosis(parsed.canonical, f"The host cannot be resolved: {detail}.")
    return _judge(parsed, tuple(rules.explain(address, own) for address in addresses))


def _addresses_of(host: str, lookup: LookUp) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        return lookup(host)


def _judge(url: EndpointUrl, verdicts: tuple[AddressVerdict, ...]) -> UrlDiagnosis:
    refused = next((verdict for verdict in verdicts if not verdict.is_allowed), None)
    if not verdicts:
        refusal = f"The host {url.host} has no address."
    elif refused is None:
        return UrlDiagnosis(url.canonical, None, verdicts)
    else:
        others = " All addresses of a host must be allowed." if len(verdicts) > 1 else ""
        refusal = f"{refused.address} is not allowed: {refused.name}.{others}"
    return UrlDiagnosis(url.canonical, refusal, verdicts)
