"""Checks whether webhooks can be delivered to a URL, and why not; sends only the DNS query."""

from collections.abc import Collection

from msgspec import Struct

from angarium_webhooks.endpoint_url import UrlRefused

from .destination_url import NOT_DELIVERABLE, parse_destination, sentence
from .egress_rules import Address, AddressVerdict, EgressRules, Refusal, is_address
from .host_addresses import LookUp, lookup_words


class UrlDiagnosis(Struct, frozen=True):
    """Findings of each step towards a connection, up to the first failure.

    `canonical` is None for a URL that is refused when an endpoint is saved. `refusal` says in
    sentences why nothing would be sent and what the operator can change, None if it would be
    sent. `addresses` are the verdicts on all addresses of the host, empty if it does not come to
    them.
    """

    canonical: str | None
    refusal: str | None
    addresses: tuple[AddressVerdict, ...] = ()

    @property
    def conclusion(self) -> str:
        """The result in sentences."""
        if self.refusal is None:
            return "Webhooks can be delivered to this URL."
        return f"{NOT_DELIVERABLE} {self.refusal}"


def diagnose(
    url: str,
    rules: EgressRules,
    own: Collection[Address],
    lookup: LookUp,
    *,
    allow_http: bool,
    allow_streams: bool = False,
) -> UrlDiagnosis:
    """Parse, resolve and judge as the sender does; blocks while the resolver does. `own` are the
    addresses of this machine."""
    try:
        parsed = parse_destination(url, allow_http=allow_http, allow_streams=allow_streams)
    except UrlRefused as refused:
        return UrlDiagnosis(None, str(refused))
    host = parsed.host
    refusal = rules.destination_refusal(host, parsed.port)
    if refusal is not None:
        return UrlDiagnosis(parsed.canonical, _for_the_operator(refusal))
    try:
        addresses = [host] if is_address(host) else lookup(host)
    except (OSError, UnicodeError) as error:
        words = f"The host cannot be resolved: {lookup_words(error, host)}."
        return UrlDiagnosis(parsed.canonical, words)
    if not addresses:
        return UrlDiagnosis(parsed.canonical, f"The host {host} has no address.")
    verdicts = tuple(rules.explain(address, own) for address in addresses)
    return UrlDiagnosis(parsed.canonical, _refusal_of(verdicts), verdicts)


def _refusal_of(verdicts: tuple[AddressVerdict, ...]) -> str | None:
    refused = next((verdict for verdict in verdicts if not verdict.is_allowed), None)
    if refused is None:
        return None
    others = " All addresses of a host must be allowed." if len(verdicts) > 1 else ""
    return f"{_for_the_operator(refused.refusal)}{others}"


def _for_the_operator(refusal: Refusal) -> str:
    return f"{sentence(refusal.words)} {sentence(refusal.change)[:-1]} to allow it."
