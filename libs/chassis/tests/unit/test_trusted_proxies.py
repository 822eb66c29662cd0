"""Whose address a request counts for when it comes through proxies."""

import pytest
from angarium_chassis.http_server.connections import OpenConnections
from angarium_chassis.http_server.limits import HttpLimits
from angarium_chassis.http_server.trusted_proxies import (
    FORWARDED,
    HOPS_MAX,
    NO_PROXIES,
    X_FORWARDED_FOR,
    TrustedProxies,
    parse_networks,
)
from hypothesis import given
from hypothesis import strategies as st

PROXY, INNER, CLIENT = "10.0.0.1", "10.9.9.9", "192.0.2.7"
NETWORKS = parse_networks("10.0.0.0/8, fd00::/8")
SPOOFED = "198.51.100.1"
HEADERS = (X_FORWARDED_FOR, FORWARDED)


def client(peer: str, value: str | list[str], header: str = X_FORWARDED_FOR) -> str:
    values = [value] if isinstance(value, str) else value
    fields = [(header.encode(), each.encode("latin-1")) for each in values]
    return TrustedProxies(NETWORKS, header).client_host(peer, fields)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (CLIENT, CLIENT),
        (f"{SPOOFED}, {CLIENT}", CLIENT),
        (f"{SPOOFED}, {CLIENT}, {INNER}", CLIENT),
        ([SPOOFED, f"{CLIENT},{INNER}"], CLIENT),
        (f"{CLIENT}:4711", CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:DB8::7]:4711", "2001:db8::7"),
        ("::ffff:192.0.2.7", CLIENT),
        ("::ffff:10.9.9.9", INNER),
        (INNER, INNER),
        ("", PROXY),
        ([], PROXY),
        ("unknown", PROXY),
        (f"{CLIENT}, evil", PROXY),
        (f"{CLIENT}, {INNER}, ", PROXY),
        (f"{CLIENT}, evil, {INNER}", INNER),
        (",".join([SPOOFED, *[INNER] * HOPS_MAX]), INNER),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_trusted_proxy(
    value: str | list[str], found: str
) -> None:
    assert client(PROXY, value) == found
    assert client(f"::ffff:{PROXY}", value) in (found, f"::ffff:{PROXY}")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"for={CLIENT}", CLIENT),
        (f"for={SPOOFED}, for={CLIENT};proto=https;by={PROXY}", CLIENT),
        (f'by={PROXY} ; For="{CLIENT}:4711", for="[fd00::1]:80"', CLIENT),
        ('for="[2001:db8::7]"', "2001:db8::7"),
        ("for=unknown", PROXY),
        ("for=_hidden", PROXY),
        (f'for="{CLIENT}', PROXY),
        (f"xfor={CLIENT}", PROXY),
        (CLIENT, PROXY),
    ],
)
def test_forwarded_is_read_in_the_same_way(value: str, found: str) -> None:
    assert client(PROXY, value, FORWARDED) == found


@pytest.mark.parametrize("header", HEADERS)
def test_who_is_no_trusted_proxy_is_not_believed(header: str) -> None:
    for value in (SPOOFED, f"for={SPOOFED}"):
        assert client(CLIENT, value, header) == CLIENT
        fields = [(header.encode(), value.encode())]
        assert NO_PROXIES.client_host(PROXY, fields) == PROXY


def test_the_header_that_the_proxies_do_not_set_is_not_read() -> None:
    fields = [(b"forwarded", b"for=198.51.100.1")]
    assert TrustedProxies(NETWORKS, X_FORWARDED_FOR).client_host(PROXY, fields) == PROXY


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from(HEADERS))
def test_whatever_a_client_sends_before_it_the_proxy_s_word_counts(sent: str, header: str) -> None:
    told = CLIENT if header == X_FORWARDED_FOR else f"for={CLIENT}"
    assert client(PROXY, f"{sent}, {told}", header) == CLIENT
    assert client(PROXY, [sent, told], header) == CLIENT


@pytest.mark.parametrize("text", ["10.0.0.1/8", "example.com", "10.0.0.0-10.0.0.9"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no network"):
        parse_networks(text)


class NoConnection:
    def close_if_overdue(self, now_s: float) -> None:
        pass


async def test_a_trusted_proxy_may_have_more_connections_than_one_address() -> None:
    limits = HttpLimits(
        connections_max=4, connections_per_address_max=1, proxies=TrustedProxies(NETWORKS)
    )
    connections = OpenConnections(limits)
    admitted = [connections.admit(NoConnection(), PROXY) for _ in range(3)]
    assert admitted == [True, True, True]
    assert connections.admit(NoConnection(), CLIENT)
    assert not connections.admit(NoConnection(), PROXY)


async def test_any_other_address_has_its_share() -> None:
    connections = OpenConnections(
        HttpLimits(connections_per_address_max=1, proxies=TrustedProxies(NETWORKS))
    )
    assert connections.admit(NoConnection(), CLIENT)
    assert not connections.admit(NoConnection(), CLIENT)
