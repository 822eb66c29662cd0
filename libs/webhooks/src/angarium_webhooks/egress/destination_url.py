"""From an endpoint's URL to its destination, under the operator's rules. Pure: no name is resolved.

What is refused here can never be delivered to. The addresses of names are judged when they are
dialled: they may change, and are not the business of whoever names the host.
"""

from typing import Final

from angarium_webhooks.endpoint_url import EndpointUrl, UrlRefused, parse_endpoint_url
from angarium_webhooks.stream_url import StreamUrl, is_stream_url, parse_stream_url

from .egress_rules import EgressRules, is_address

NOT_DELIVERABLE: Final = "Webhooks cannot be delivered to this URL."


def parse_destination(
    url: str, *, allow_http: bool, allow_streams: bool
) -> EndpointUrl | StreamUrl:
    """Parse the URL of a webhook or a stream. Raises `UrlRefused`."""
    if not is_stream_url(url):
        return parse_endpoint_url(url, allow_http=allow_http)
    if not allow_streams:
        raise UrlRefused(
            "The URL is that of a stream, and this installation delivers webhooks only.",
            "Use https://, or ask the operator to set ANGARIUM_STREAM_DESTINATIONS=true.",
        )
    return parse_stream_url(url)


def check_destination(url: EndpointUrl | StreamUrl, rules: EgressRules) -> None:
    """Refuse a host or port that the operator does not allow, and an address that may not be
    dialled. Raises `UrlRefused`."""
    refused = refused_host(url.host, url.port, rules)
    if refused is not None:
        raise UrlRefused(f"{NOT_DELIVERABLE} {refused.reason}", refused.remedy)


def refused_host(host: str, port: int, rules: EgressRules) -> UrlRefused | None:
    """Why nothing may be sent to this host (canonical, without brackets) or port, with a remedy
    for the endpoint's owner; None if only the addresses of its name can tell."""
    refusal, alternative = rules.destination_refusal(host, port), "another host or port"
    if refusal is None and is_address(host):
        verdict, alternative = rules.explain(host), "a public address"
        refusal = None if verdict.is_allowed else verdict.refusal
    if refusal is None:
        return None
    remedy = f"Use {alternative}, or ask the operator to {refusal.change}."
    return UrlRefused(sentence(refusal.words), remedy)


def sentence(words: str) -> str:
    """The words with a capital letter and a full stop."""
    return f"{words[0].upper()}{words[1:]}."
