"""Arbitrary text as an endpoint's URL: refused or one canonical form, the same for everybody."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
import yarl
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.endpoint_url import UrlRefused, check_endpoint_url, parse_endpoint_url
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.origin import Origins
from angarium_worker.adapters.destinations.webhook.url_rules import Routes
from angarium_worker.domain.attempt_result import FailureReason
from hypothesis import example, given, settings
from hypothesis import strategies as st


def url_survives(text: str) -> None:
    """Refused with a reason, or canonical: stable, plain, and the same to the sender and others."""
    routes = Routes(Origins(EgressRules()), allow_http=True, user_agent="A/1")
    canonical = canonical_or_none(text)
    if canonical is None:
        assert reason_of_the_sender(routes, text) is FailureReason.URL_REFUSED
        return
    assert check_endpoint_url(canonical, allow_http=True) == canonical
    assert canonical.isascii()
    assert canonical.isprintable()
    assert not set(canonical) & set(' \\#"<>')
    url = parse_endpoint_url(canonical, allow_http=True)
    assert parse_endpoint_url(text, allow_http=True) == url
    # The sender reads the text as it reads what was stored of it.
    found, stored = routes.find(text), routes.find(canonical)
    assert found == stored
    assert (stored.origin.host, stored.origin.port) == (url.host, url.port)
    lines = stored.head_start.split("\r\n")
    assert lines[0] == f"POST {url.target} HTTP/1.1"
    assert lines[1] == f"Host: {url.authority}"
    assert len(lines) == 6
    assert "\n" not in "".join(lines)
    others_agree(canonical, url.host, url.port)


def canonical_or_none(text: str) -> str | None:
    try:
        return check_endpoint_url(text, allow_http=True)
    except UrlRefused:
        return None


def reason_of_the_sender(routes: Routes, text: str) -> FailureReason | None:
    try:
        routes.find(text)
    except SendFailed as failed:
        return failed.reason
    return None


def others_agree(canonical: str, host: str, port: int) -> None:
    """Three other parsers find the same host and port in the stored form."""
    split = urlsplit(canonical)
    default = {"http": 80, "https": 443}[split.scheme]
    assert (split.hostname, split.port or default, split.username) == (host, port, None)
    by_httpx, by_yarl = httpx.URL(canonical), yarl.URL(canonical, encoded=True)
    # Raw hosts: decoded, A-labels follow IDNA 2008, which leaves out names that WHATWG permits.
    for other_host in (by_httpx.raw_host.decode("ascii"), by_yarl.raw_host or ""):
        assert plain(other_host) == plain(host)
    assert (by_httpx.port or default) == (by_yarl.port or default) == port


def plain(host: str) -> str:
    """One spelling of a host: others may give A-labels decoded or addresses in full."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host if host.isascii() and "xn--" not in host else ""


PIECES = [
    "http", "https", "HTTPS", "ftp", ":", "//", "/", "\\", "?", "#", "@", "%", "%2e", "%2F",
    "%00", "[", "]", "::1", "::ffff:", "fe80::1", "%25eth0", "127.0.0.1", "0x7f", "0177",
    "2130706433", "1", "0", ".", "..", "-", "_", "xn--", "xn--bcher-kva", "b\u00fccher",
    "example", "com", "localhost", "\u3002", "\uff0e", "\uff11", "\u2460", "\u00ad", "\u200d",
    "\u0661", "\u00df", "\u0130", "\u202e", " ", "\t", "\n", "\r", "\x00", "\x7f", "\ud800",
    ":80", ":443", ":0", ":65536", "a" * 64, "~", "|", "^", "'",
]  # fmt: skip
pieces = st.sampled_from(PIECES)
texts = st.one_of(
    st.text(max_size=60),
    st.lists(pieces, max_size=12).map("".join),
    st.lists(pieces, max_size=12).map("".join).map("https://".__add__),
    st.lists(pieces, max_size=6).map("".join).map("https://example.com/".__add__),
    st.text(max_size=20).map("http://".__add__),
)


@settings(max_examples=5_000, deadline=None)
@given(texts)
@example("https://a/%2e%2e/%2E?%2e#%")
@example("https://xn--bcher-kva:443?")
@example("http://[2606:4700::0:1]:80/..")
# CPython's punycode codec raises OverflowError for it.
@example("https://xn--8zz9999999999889989988z9z88z99zz9999998/")
def test_any_text_is_refused_or_means_the_same_to_everybody(text: str) -> None:
    url_survives(text)
