import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules
from hypothesis import given, settings
from hypothesis import strategies as st

PUBLIC = EgressRules()

# The oracle: prefixes as bit strings over packed bytes, typed again from the IANA registries;
# it shares neither table nor arithmetic nor the ipaddress module with the rules.
ORACLE_IPV4 = [
    "0/8", "10/8", "100.64/10", "127/8", "169.254/16", "172.16/12", "192.0.0/24", "192.0.2/24",
    "192.88.99/24", "192.168/16", "198.18/15", "198.51.100/24", "203.0.113/24", "224/3",
    "168.63.129.16/32",
]  # fmt: skip
ORACLE_IPV6 = [
    ("2001:0000::", 23), ("2001:0db8::", 32), ("2002::", 16), ("3fff::", 20), ("3ffe::", 16),
    ("2620:4f:8000::", 48),
]  # fmt: skip


def bits_of(packed: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in packed)


def oracle_ipv4_prefixes() -> list[str]:
    prefixes = []
    for cidr in ORACLE_IPV4:
        network, _, length = cidr.partition("/")
        octets = [int(part) for part in network.split(".")] + [0, 0, 0, 0]
        prefixes.append(bits_of(bytes(octets[:4]))[: int(length)])
    return prefixes


IPV4_PREFIXES = oracle_ipv4_prefixes()
IPV6_PREFIXES = [
    bits_of(socket.inet_pton(socket.AF_INET6, network))[:length] for network, length in ORACLE_IPV6
]


def oracle_allows(packed: bytes) -> bool:
    bits = bits_of(packed)
    if len(packed) == 4:
        return not any(bits.startswith(prefix) for prefix in IPV4_PREFIXES)
    isatap = packed[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
    special = any(bits.startswith(prefix) for prefix in IPV6_PREFIXES)
    return bits.startswith("001") and not special and not isatap


def near_borders(prefixes: list[str], width: int) -> st.SearchStrategy[int]:
    edges = set()
    for prefix in prefixes:
        first = int(prefix.ljust(width, "0"), 2)
        last = int(prefix.ljust(width, "1"), 2)
        edges |= {first - 1, first, first + 1, last - 1, last, last + 1}
    return st.sampled_from(sorted(edge for edge in edges if 0 <= edge < 2**width))


@settings(max_examples=8 * settings().max_examples)
@given(st.one_of(st.integers(0, 2**32 - 1), near_borders(IPV4_PREFIXES, 32)))
def test_every_ipv4_address_gets_the_oracles_verdict(value: int) -> None:
    packed = value.to_bytes(4, "big")
    assert (PUBLIC.refusal(str(IPv4Address(value))) is None) == oracle_allows(packed)


@settings(max_examples=8 * settings().max_examples)
@given(
    st.one_of(
        st.integers(0, 2**128 - 1),
        st.integers(0, 2**125 - 1).map((1 << 125).__or__),
        near_borders([*IPV6_PREFIXES, "001"], 128),
        st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)).map(
            lambda pair: (1 << 125) | (pair[0] >> 3 << 64) | (0x02005EFE << 32) | pair[1]
        ),
    )
)
def test_every_ipv6_address_gets_the_oracles_verdict(value: int) -> None:
    packed = value.to_bytes(16, "big")
    assert (PUBLIC.refusal(str(IPv6Address(value))) is None) == oracle_allows(packed)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("127.0.0.1", "loopback"),
        ("0.0.0.0", "this network"),
        ("169.254.169.254", "link-local"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "cloud"),
        ("192.0.0.192", "IETF"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:8.8.8.8", "mapped"),
        ("::8.8.8.8", "compatible"),
        ("64:ff9b::8.8.8.8", "NAT64"),
        ("64:ff9b:1::8.8.8.8", "NAT64"),
        ("2002:808:808::1", "6to4"),
        ("2001:0:808:808::f7f7:f7f7", "Teredo"),
        ("2606:4700::200:5efe:808:808", "ISATAP"),
        ("2606:4700::5efe:127.0.0.1", "embeds 127.0.0.1"),
        ("fd00:ec2::254", "metadata"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("fe80::1%1", "zone"),
        ("example.com", "not an IP address"),
        ("127.1", "not an IP address"),
        ("", "not an IP address"),
    ],
)
def test_a_refusal_says_what_the_address_is(address: str, word: str) -> None:
    refusal = PUBLIC.refusal(address)
    assert refusal is not None
    assert word in refusal


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert PUBLIC.refusal(address) is None


def test_the_operator_opens_networks_and_nothing_beside_them() -> None:
    rules = EgressRules.parse(["127.0.0.0/8", "::1/128"])
    assert rules.refusal("127.1.2.3") is None
    assert rules.refusal("::1") is None
    for denied in ("10.0.0.1", "::ffff:127.0.0.1", "::2", "fe80::1", "169.254.169.254"):
        assert rules.refusal(denied) is not None


EMBEDDINGS = [
    lambda v4: (0xFFFF << 32) | v4,
    lambda v4: v4,
    lambda v4: (0xFFFF << 48) | v4,
    lambda v4: (0x64FF9B << 96) | v4,
    lambda v4: (0x64FF9B0001 << 80) | v4,
    lambda v4: (0x64FF9B0001 << 80) | (v4 >> 16 << 64) | ((v4 & 0xFFFF) << 40),
    lambda v4: (0x64FF9B0001 << 80) | (v4 >> 24 << 64) | ((v4 & 0xFFFFFF) << 32),
    lambda v4: (0x64FF9B0001 << 80) | (v4 << 24),
    lambda v4: (0x2002 << 112) | (v4 << 80) | 1,
    lambda v4: (0x20010000 << 96) | (v4 << 64),
    lambda v4: (0x20010000 << 96) | (0x08080808 << 64) | (v4 ^ 0xFFFFFFFF),
    lambda v4: (0x26064700 << 96) | (0x02005EFE << 32) | v4,
    lambda v4: (0x26064700 << 96) | (0x00005EFE << 32) | v4,
]


@given(st.sampled_from(range(len(EMBEDDINGS))), near_borders(IPV4_PREFIXES, 32))
def test_allowing_all_of_ipv6_does_not_open_ipv4_behind_it(which: int, ipv4: int) -> None:
    rules = EgressRules.parse(["::/0"])
    address = IPv6Address(EMBEDDINGS[which](ipv4))
    if not oracle_allows(ipv4.to_bytes(4, "big")) and int(address) > 1:
        refusal = rules.refusal(str(address))
        assert refusal is not None
        assert "embeds" in refusal


def test_nat64_opened_by_the_operator_reaches_public_ipv4_only() -> None:
    rules = EgressRules.parse(["64:ff9b::/96", "64:ff9b:1::/48"])
    assert rules.refusal("64:ff9b::8.8.8.8") is None
    assert rules.refusal("64:ff9b:1::8.8.8.8") is None
    assert rules.refusal("64:ff9b::10.0.0.1") is not None
    assert rules.refusal("64:ff9b:1::10.0.0.1") is not None
    # Behind a prefix of 64 bits.
    assert "168.63.129.16" in (rules.refusal("64:ff9b:1:0:a8:3f81:1000::") or "")


def test_what_the_operator_denies_stays_denied_even_if_allowed_or_embedded() -> None:
    rules = EgressRules.parse(allowed=["0.0.0.0/0", "::/0"], denied=["8.8.8.0/24", "2606::/16"])
    assert rules.refusal("8.8.4.4") is None
    assert rules.refusal("8.8.8.8") is not None
    assert rules.refusal("64:ff9b::8.8.8.8") is not None
    assert rules.refusal("2606:4700::1") is not None


def test_a_malformed_network_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1/8"):
        EgressRules.parse(["127.0.0.1/8"])


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("example.com", "example.com", True),
        ("EXAMPLE.com", "example.com", True),
        ("example.com", "a.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("*.example.com", ".example.com", False),
        ("*", "anything.example", True),
        ("8.8.8.8", "8.8.8.8", True),
        ("2606:4700::0:1", "2606:4700::1", True),
    ],
)
def test_a_host_pattern_matches_whole_labels(pattern: str, host: str, matches: bool) -> None:
    assert (EgressRules.parse(denied_hosts=[pattern]).destination_refusal(host, 443) is None) != (
        matches
    )
    assert (EgressRules.parse(allowed_hosts=[pattern]).destination_refusal(host, 443) is None) == (
        matches
    )


def test_a_denied_host_or_port_stays_denied_even_if_allowed() -> None:
    rules = EgressRules.parse(
        allowed_hosts=["*.example.com"],
        denied_hosts=["bad.example.com"],
        allowed_ports=["1-65535"],
        denied_ports=["25", "6000-6999"],
    )
    assert rules.destination_refusal("a.example.com", 443) is None
    for host, port in (("bad.example.com", 443), ("a.example.com", 25), ("a.example.com", 6379)):
        refusal = rules.destination_refusal(host, port)
        assert refusal is not None
        assert "denied" in refusal.words


def test_an_allowed_host_opens_no_address() -> None:
    rules = EgressRules.parse(allowed_hosts=["10.0.0.1", "*"])
    assert rules.destination_refusal("10.0.0.1", 443) is None
    assert rules.refusal("10.0.0.1") is not None


@pytest.mark.parametrize(
    "pattern", ["", "*.", "a.*.com", "http://a", "a b", "ü.com", "a..b", "[::1]"]
)
def test_a_malformed_host_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="host pattern"):
        EgressRules.parse(allowed_hosts=[pattern])


@pytest.mark.parametrize("ports", ["", "0", "65536", "9-8", "80-", "-80", "http", "80 90", "٣"])
def test_a_malformed_port_is_an_error(ports: str) -> None:
    with pytest.raises(ValueError, match="port"):
        EgressRules.parse(denied_ports=[ports])


def test_this_machines_addresses_are_refused_unless_named_one_by_one() -> None:
    own: set[IPv4Address | IPv6Address] = {
        IPv4Address("10.0.0.5"),
        IPv4Address("8.8.8.8"),
        IPv4Address("127.0.0.1"),
        IPv6Address("2606:4700::5"),
        IPv6Address("::1"),
    }
    rules = EgressRules.parse(["10.0.0.0/8", "127.0.0.0/8", "::1/128", "64:ff9b::/96"])
    for address in ("10.0.0.5", "8.8.8.8", "2606:4700::5", "64:ff9b::10.0.0.5"):
        refusal = rules.refusal(address, own)
        assert refusal is not None
        assert "this machine" in refusal
    for address in ("10.0.0.6", "8.8.4.4", "127.0.0.1", "::1"):
        assert rules.refusal(address, own) is None
    named = EgressRules.parse(["10.0.0.5/32", "2606:4700::5/128"])
    assert named.refusal("10.0.0.5", own) is None
    assert named.refusal("2606:4700::5", own) is None
    assert EgressRules().refusal("127.0.0.1", own) is not None
