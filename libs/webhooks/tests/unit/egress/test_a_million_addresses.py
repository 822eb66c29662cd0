"""A million addresses against an oracle that shares neither table nor code with the rules."""

import random
import socket
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules

ADDRESSES_OF_EACH_FAMILY = 500_000
NEAR = 300

# IANA IPv4 Special-Purpose Address Registry: every entry that is not globally reachable, and
# 192.0.0.0/24 and 192.88.99.0/24 whole; IANA IPv4 Multicast; and what clouds keep for themselves.
REFUSED_IPV4 = [
    "0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32",
    "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.88.99.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "255.255.255.255/32", "168.63.129.16/32", "100.100.100.200/32",
]  # fmt: skip

# IANA IPv6 Address Space: 2000::/3 is global unicast, all else is not. Within it, the IPv6
# Special-Purpose Address Registry's entries, reachable or not, and the returned 6bone space.
GLOBAL_IPV6 = "2000::/3"
REFUSED_IPV6 = [
    "2001::/23", "2001::/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48",
    "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28",
    "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "3ffe::/16",
]  # fmt: skip
# RFC 5214: an IPv4 address behind these 32 bits, whatever the prefix.
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


class Allowed:
    """Allowed spans as a sorted list of borders: an odd place in it lies within one."""

    def __init__[Network: (IPv4Network, IPv6Network)](
        self, whole: Network, refused: list[str]
    ) -> None:
        kind = type(whole)
        networks = sorted(collapse_addresses(kind(network) for network in refused))
        self.borders = [int(whole[0])]
        for network in networks:
            self.borders += [int(network[0]), int(network[-1]) + 1]
        self.borders.append(int(whole[-1]) + 1)

    def __contains__(self, value: int) -> bool:
        return bisect_right(self.borders, value) % 2 == 1


IPV4 = Allowed(IPv4Network("0.0.0.0/0"), REFUSED_IPV4)
IPV6 = Allowed(IPv6Network(GLOBAL_IPV6), REFUSED_IPV6)


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    """Measuring coverage of the same few lines a million times would triple the time."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


def values(
    allowed: Allowed, bits: int, chance: random.Random, anywhere: Callable[[], int]
) -> Iterator[int]:
    """Half of them anywhere, half near the borders of refused networks."""
    for _ in range(ADDRESSES_OF_EACH_FAMILY // 2):
        yield anywhere()
        border = chance.choice(allowed.borders) + chance.randint(-NEAR, NEAR)
        yield border % 2**bits


def test_half_a_million_ipv4_addresses_get_the_oracles_verdict() -> None:
    seed = random.SystemRandom().getrandbits(64)
    chance = random.Random(seed)
    refusal = EgressRules().refusal
    refused = 0
    for value in values(IPV4, 32, chance, lambda: chance.getrandbits(32)):
        address = socket.inet_ntop(socket.AF_INET, value.to_bytes(4, "big"))
        is_allowed = refusal(address) is None
        assert is_allowed == (value in IPV4), f"{address}, seed {seed}"
        refused += not is_allowed
    assert ADDRESSES_OF_EACH_FAMILY * 0.2 < refused < ADDRESSES_OF_EACH_FAMILY * 0.8


def test_half_a_million_ipv6_addresses_get_the_oracles_verdict() -> None:
    seed = random.SystemRandom().getrandbits(64)
    chance = random.Random(seed)
    refusal = EgressRules().refusal
    refused = 0
    for value in values(IPV6, 128, chance, lambda: anywhere_in_ipv6(chance)):
        packed = value.to_bytes(16, "big")
        address = socket.inet_ntop(socket.AF_INET6, packed)
        is_allowed = refusal(address) is None
        expected = value in IPV6 and packed[8:12] not in ISATAP
        assert is_allowed == expected, f"{address}, seed {seed}"
        refused += not is_allowed
    assert ADDRESSES_OF_EACH_FAMILY * 0.2 < refused < ADDRESSES_OF_EACH_FAMILY * 0.8


def anywhere_in_ipv6(chance: random.Random) -> int:
    """Anywhere at all; among global addresses; and of those, with an ISATAP interface."""
    value = chance.getrandbits(128)
    kind = chance.randrange(4)
    if kind == 0:
        return value
    value = value & (2**125 - 1) | 1 << 125
    if kind == 1:
        before_ipv4 = int.from_bytes(chance.choice(ISATAP), "big") << 32
        return value & ~(0xFFFF_FFFF << 32) | before_ipv4
    return value
