"""The table of address space that is not the public internet, and IPv4 hidden inside IPv6.

Our own table, because the standard library's `is_global` calls NAT64, 6to4, site-local and
multicast forms global. Sources: the IANA special-purpose registries (RFC 6890 and updates), the
IANA multicast and IPv6 address space registries, and the documents of the clouds whose metadata
services live in space that looks public or shared.
"""

from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Final, NamedTuple


class SpecialSpace(NamedTuple):
    """A network with its name; `first` and `last` are its addresses as numbers."""

    first: int
    last: int
    network: str
    name: str


def _spaces(*named: tuple[str, str]) -> tuple[SpecialSpace, ...]:
    networks = ((ip_network(network), name) for network, name in named)
    return tuple(
        SpecialSpace(int(network[0]), int(network[-1]), str(network), name)
        for network, name in networks
    )


DENIED_IPV4: Final = _spaces(
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.100.100.200/32", "cloud metadata service"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "cloud platform service"),
    ("169.254.0.0/16", "link-local, cloud metadata service"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved and broadcast"),
)

GLOBAL_UNICAST_IPV6: Final = _spaces(("2000::/3", "global unicast"))

# Names for refusals only: all of these lie outside GLOBAL_UNICAST_IPV6, which alone decides.
NAMED_IPV6: Final = _spaces(
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("::/96", "IPv4-compatible"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("fd00:ec2::254/128", "cloud metadata service"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)

DENIED_WITHIN_GLOBAL_IPV6: Final = _spaces(
    ("2001::/32", "Teredo"),
    ("2001::/23", "IETF protocol assignments, benchmarking, ORCHID"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("3ffe::/16", "6bone, returned"),
)

_LOW_32: Final = 0xFFFF_FFFF
_LOOPBACK: Final = 1
# What stands before an IPv4 address in the low 32 bits.
_BEFORE_LOW_IPV4: Final = frozenset(
    {
        0,  # ::/96, IPv4-compatible
        0xFFFF,  # ::ffff:0:0/96, IPv4-mapped
        0xFFFF_0000,  # ::ffff:0:0:0/96, IPv4-translated (RFC 2765)
        0x0064_FF9B << 64,  # 64:ff9b::/96, NAT64
    }
)
_LOCAL_NAT64: Final = 0x0064_FF9B_0001  # 64:ff9b:1::/48
_SIX_TO_FOUR: Final = 0x2002  # 2002::/16
_TEREDO: Final = 0x2001_0000  # 2001::/32
# Modified EUI-64 of ISATAP (RFC 5214, section 6.1): 00-00-5E or 02-00-5E, then FE and the IPv4.
_ISATAP_INTERFACES: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def special_space(spaces: tuple[SpecialSpace, ...], bits: int) -> SpecialSpace | None:
    """The first of the spaces that holds the address."""
    for space in spaces:
        if space[0] <= bits <= space[1]:
            return space
    return None


def is_isatap(address: IPv6Address) -> bool:
    """True if the interface identifier has ISATAP's form, with any prefix."""
    return (int(address) >> 32) & _LOW_32 in _ISATAP_INTERFACES


def embedded_ipv4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Every IPv4 address that some network may take this one for; empty for a plain one.

    Mapped, compatible and translated (RFC 4291, 2765), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056),
    Teredo's server and client (RFC 4380), ISATAP (RFC 5214).
    """
    bits = int(address)
    found: list[int] = []
    if bits <= _LOOPBACK:
        return ()  # RFC 4291 takes :: and ::1 out of the IPv4-compatible form.
    if bits >> 32 in _BEFORE_LOW_IPV4 or is_isatap(address):
        found.append(bits & _LOW_32)
    if bits >> 80 == _LOCAL_NAT64:
        found.extend(_local_nat64_candidates(bits))
    if bits >> 112 == _SIX_TO_FOUR:
        found.append(bits >> 80 & _LOW_32)
    if bits >> 96 == _TEREDO:
        found.append(bits >> 64 & _LOW_32)
        found.append(~bits & _LOW_32)
    return tuple(IPv4Address(value) for value in found)


def _local_nat64_candidates(bits: int) -> list[int]:
    """IPv4 addresses at the positions of RFC 6052, section 2.2 (96, 64, 56 and 48 bits).

    A shorter prefix counts only when the octets behind its IPv4 are zero, as the RFC has them.
    """
    octets = bits.to_bytes(16, "big")
    shorter = ((9, 10, 11, 12), (7, 9, 10, 11), (6, 7, 9, 10))
    return [bits & _LOW_32] + [
        int.from_bytes(bytes(octets[at] for at in layout), "big")
        for layout in shorter
        if not any(octets[layout[-1] + 1 :])
    ]
