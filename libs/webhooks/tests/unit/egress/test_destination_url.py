"""A literal address, host or port that can never be delivered to is refused when it is saved."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from angarium_webhooks.egress.destination_url import check_destination, parse_destination
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.special_addresses import DENIED_IPV4
from angarium_webhooks.egress.url_diagnosis import diagnose
from angarium_webhooks.endpoint_url import UrlRefused
from hypothesis import given
from hypothesis import strategies as st

PUBLIC = EgressRules()
DEVELOPMENT = EgressRules.parse(["127.0.0.0/8", "::1/128"])


def save(url: str, rules: EgressRules = PUBLIC) -> str:
    destination = parse_destination(url, allow_http=True, allow_streams=True)
    check_destination(destination, rules)
    return destination.canonical


def spellings(address: IPv4Address) -> list[str]:
    """Hosts that WHATWG's URL standard, or a network on the way, takes for this address."""
    a, b, c, d = address.packed
    whole, low, high = int(address), c << 8 | d, f"{int(address):08x}"
    plain = str(address)
    embedded = f"{high[:4]}:{high[4:]}"
    return [
        plain,
        f"{plain}.",
        f"{whole}",
        f"0x{whole:x}",
        f"0{whole:o}",
        f"{a}.{b << 16 | low}",
        f"{a}.{b}.{low}",
        f"0x{a:x}.0{b:o}.{c}.0x{d:X}",
        f"0{a}.{b}.{c}.{d}",
        plain.replace(".", "\u3002"),
        "".join(chr(0xFF10 + int(each)) if each.isdigit() else each for each in plain),
        f"%{ord(plain[0]):02x}{plain[1:]}",
        f"[::ffff:{plain}]",
        f"[::ffff:{embedded}]",
        f"[0:0:0:0:0:FFFF:{embedded}]",
        f"[::{embedded}]",
        f"[::ffff:0:{embedded}]",
        f"[64:ff9b::{embedded}]",
        f"[64:ff9b:1::{embedded}]",
        f"[2002:{embedded}::1]",
        f"[2606:4700::5efe:{embedded}]",
    ]


denied_ipv4 = st.sampled_from(DENIED_IPV4).flatmap(
    lambda space: st.integers(space.first, space.last).map(IPv4Address)
)


@given(denied_ipv4, st.sampled_from(["https", "http", "redis+stream", "rediss+stream"]))
def test_an_address_that_is_not_public_is_refused_in_every_spelling(
    address: IPv4Address, scheme: str
) -> None:
    path = "/0/orders" if "stream" in scheme else "/"
    for host in spellings(address):
        with pytest.raises(UrlRefused) as refused:
            save(f"{scheme}://{host}{path}")
        assert refused.value.remedy.endswith(".")


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_an_ipv6_address_is_accepted_exactly_if_it_may_be_dialled(address: IPv6Address) -> None:
    url = f"https://[{address}]/"
    if address.ipv4_mapped is None and PUBLIC.refusal(str(address)) is None:
        assert save(url) == f"https://[{address.compressed}]/"
    else:
        with pytest.raises(UrlRefused):
            save(url)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_the_operator_allows_is_accepted(address: IPv4Address) -> None:
    rules = EgressRules.parse([str(IPv4Network((address, 24), strict=False))])
    assert save(f"https://{address}/", rules) == f"https://{address}/"
    assert save(f"redis+stream://{address}/0/a", rules) == f"redis+stream://{address}/0/a"


def test_the_refusal_says_why_and_what_to_do_in_the_words_of_the_diagnosis() -> None:
    for rules, url, reason, remedy in (
        (
            PUBLIC,
            "https://10.20.0.7/hook",
            "10.20.0.7 is not allowed: private.",
            (
                "Use a public address, or ask the operator to add its network to"
                " ANGARIUM_EGRESS_ALLOWED_NETWORKS."
            ),
        ),
        (
            EgressRules.parse(denied=["8.8.8.0/24"]),
            "https://8.8.8.8/",
            "8.8.8.8 is not allowed: denied by the operator.",
            (
                "Use a public address, or ask the operator to remove its network from"
                " ANGARIUM_EGRESS_DENIED_NETWORKS."
            ),
        ),
        (
            EgressRules.parse(denied_ports=["25"]),
            "https://example.com:25/",
            "Port 25 is denied by the operator.",
            (
                "Use another host or port, or ask the operator to remove it from"
                " ANGARIUM_EGRESS_DENIED_PORTS."
            ),
        ),
        (
            EgressRules.parse(allowed_hosts=["*.example.com"]),
            "redis+stream://streams.example/0/a",
            "Host streams.example is not among those that the operator allows.",
            (
                "Use another host or port, or ask the operator to add it to"
                " ANGARIUM_EGRESS_ALLOWED_HOSTS."
            ),
        ),
    ):
        with pytest.raises(UrlRefused) as refused:
            save(url, rules)
        expected = f"Webhooks cannot be delivered to this URL. {reason}"
        assert (refused.value.reason, refused.value.remedy) == (expected, remedy)
        seen = diagnose(url, rules, (), lambda _: [], allow_http=False, allow_streams=True)
        assert seen.conclusion.startswith(expected)


def test_in_development_loopback_is_open_and_nothing_else() -> None:
    for url in ("http://127.0.0.1:8000/", "http://127.9.9.9/", "http://[::1]/"):
        assert save(url, DEVELOPMENT) == url
    for host in ("10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "[fd00::1]", "[::]"):
        with pytest.raises(UrlRefused):
            save(f"http://{host}/", DEVELOPMENT)


@pytest.mark.parametrize("host", ["localhost", "metadata.google.internal", "a.127.0.0.1.nip.io"])
def test_a_name_is_judged_when_it_is_dialled(host: str) -> None:
    assert save(f"https://{host}/") == f"https://{host}/"
