"""Rules for the hosts, ports and addresses that webhooks may reach. Pure."""

import re
from collections.abc import Collection, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, NamedTuple, Self

from msgspec import Struct

from .special_addresses import (
    DENIED_IPV4,
    DENIED_WITHIN_GLOBAL_IPV6,
    GLOBAL_UNICAST_IPV6,
    NAMED_IPV6,
    embedded_ipv4,
    is_isatap,
    special_space,
)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

_NOTHING: frozenset[Address] = frozenset()
_DENIED: Final = "denied by the operator"
_OWN: Final = "an address of this machine"
_HOST_PATTERN = re.compile(
    r"\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|[0-9a-f:]*:[0-9a-f:.]*"
)
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_PORT_MAX = 65_535


class AddressVerdict(Struct, frozen=True):
    """Decision on an address: allowed or refused, and the rule that decided.

    `network` is the deciding CIDR, empty where a form decides (no address, ISATAP); `name` says
    what it is.
    """

    address: str
    is_allowed: bool
    network: str
    name: str

    @property
    def refusal(self) -> "Refusal":
        """The verdict in words; only of one that refuses."""
        if _DENIED in self.name:
            change = "remove its network from ANGARIUM_EGRESS_DENIED_NETWORKS"
        elif _OWN in self.name:
            change = "add it to ANGARIUM_EGRESS_ALLOWED_NETWORKS as /32 or /128"
        else:
            change = "add its network to ANGARIUM_EGRESS_ALLOWED_NETWORKS"
        return Refusal(f"{self.address} is not allowed: {self.name}", change)


class Refusal(NamedTuple):
    """Why nothing may be sent: `words` are a sentence without its full stop, `change` is what the
    operator can do to allow it."""

    words: str
    change: str


class EgressRules(Struct, frozen=True):
    """The public internet, and what the operator allows and denies besides.

    A denial always wins. A list of allowed hosts or ports, where there is one, leaves only those;
    it opens no address. Addresses are judged in this order: a network the operator denies is
    refused; an IPv4 address embedded in an IPv6 address must be allowed itself; an address of
    this machine is refused unless the operator names that very address (`/32`, `/128`), but
    loopback goes by its network; a network the operator allows is allowed; everything that is not
    public is refused.

    Host patterns are names or addresses as they stand in a URL's canonical form, `*.example.com`
    for every name below example.com (not itself), or `*`.
    """

    allowed_networks: tuple[Network, ...] = ()
    denied_networks: tuple[Network, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    allowed_ports: tuple[range, ...] = ()
    denied_ports: tuple[range, ...] = ()

    @classmethod
    def parse(
        cls,
        allowed: Iterable[str] = (),
        denied: Iterable[str] = (),
        *,
        allowed_hosts: Iterable[str] = (),
        denied_hosts: Iterable[str] = (),
        allowed_ports: Iterable[str] = (),
        denied_ports: Iterable[str] = (),
    ) -> Self:
        """From CIDRs such as `127.0.0.0/8`, host patterns, and ports such as `443` or
        `8000-8999`; ValueError names what is malformed."""
        return cls(
            tuple(ip_network(network) for network in allowed),
            tuple(ip_network(network) for network in denied),
            tuple(_host_pattern(pattern) for pattern in allowed_hosts),
            tuple(_host_pattern(pattern) for pattern in denied_hosts),
            tuple(_port_range(ports) for ports in allowed_ports),
            tuple(_port_range(ports) for ports in denied_ports),
        )

    def destination_refusal(self, host: str, port: int) -> Refusal | None:
        """Why nothing may be sent to this host (canonical, without brackets) or port; None if its
        addresses decide."""
        if any(_matches(pattern, host) for pattern in self.denied_hosts):
            return Refusal(f"host {host} is {_DENIED}", _change("remove", "from", "DENIED_HOSTS"))
        if any(port in ports for ports in self.denied_ports):
            return Refusal(f"port {port} is {_DENIED}", _change("remove", "from", "DENIED_PORTS"))
        if self.allowed_hosts and not any(
            _matches(pattern, host) for pattern in self.allowed_hosts
        ):
            words = f"host {host} is not among those that the operator allows"
            return Refusal(words, _change("add", "to", "ALLOWED_HOSTS"))
        if self.allowed_ports and not any(port in ports for ports in self.allowed_ports):
            words = f"port {port} is not among those that the operator allows"
            return Refusal(words, _change("add", "to", "ALLOWED_PORTS"))
        return None

    def refusal(self, address_text: str, own: Collection[Address] = _NOTHING) -> str | None:
        """Why this address may not be dialled, as `<address> (<what it is>)`; None if it may.

        `own` are the addresses of this machine. What is no plain IP address (an IPv6 zone, a
        name) is refused.
        """
        verdict = self.explain(address_text, own)
        return None if verdict.is_allowed else f"{verdict.address} ({verdict.name})"

    def explain(self, address_text: str, own: Collection[Address] = _NOTHING) -> AddressVerdict:
        """The verdict on an address, with the rule that decides it."""
        shown = address_text[:64]
        try:
            address = ip_address(address_text)
        except ValueError:
            return AddressVerdict(shown, False, "", "not an IP address")
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return AddressVerdict(shown, False, "", "address with a zone")
        return AddressVerdict(shown, *self._verdict(address, own))

    def _verdict(self, address: Address, own: Collection[Address]) -> tuple[bool, str, str]:
        denied = _holding(self.denied_networks, address)
        if denied is not None:
            return False, denied, _DENIED
        if address in own and not address.is_loopback and not self._is_named(address):
            return False, str(ip_network(address)), _OWN
        if isinstance(address, IPv6Address):
            for inner in embedded_ipv4(address):
                # The allowance of the embedding network does not open what is reached through it.
                is_allowed, network, name = self._verdict(inner, own)
                if not is_allowed:
                    return False, network, f"embeds {inner}: {name}"
        allowed = _holding(self.allowed_networks, address)
        if allowed is not None:
            return True, allowed, "allowed by the operator"
        return (
            _ipv4_verdict(address) if isinstance(address, IPv4Address) else _ipv6_verdict(address)
        )

    def _is_named(self, address: Address) -> bool:
        return any(
            network.num_addresses == 1 and address in network for network in self.allowed_networks
        )


def is_address(host: str) -> bool:
    """True for an IP address, False for a name. `host` is canonical, without brackets."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _change(verb: str, preposition: str, setting: str) -> str:
    return f"{verb} it {preposition} ANGARIUM_EGRESS_{setting}"


def _holding(networks: tuple[Network, ...], address: Address) -> str | None:
    return next((str(network) for network in networks if address in network), None)


def _ipv4_verdict(address: IPv4Address) -> tuple[bool, str, str]:
    space = special_space(DENIED_IPV4, int(address))
    if space is not None:
        return False, space.network, space.name
    return True, "0.0.0.0/0", "public"


def _ipv6_verdict(address: IPv6Address) -> tuple[bool, str, str]:
    bits = int(address)
    unicast = special_space(GLOBAL_UNICAST_IPV6, bits)
    if unicast is None:
        space = special_space(NAMED_IPV6, bits)
        name = "not global unicast" if space is None else space.name
        return False, "::/0" if space is None else space.network, name
    if is_isatap(address):
        return False, "", "ISATAP"
    space = special_space(DENIED_WITHIN_GLOBAL_IPV6, bits)
    if space is not None:
        return False, space.network, space.name
    return True, unicast.network, "public"


def _host_pattern(text: str) -> str:
    lowered = text.lower()
    if _HOST_PATTERN.fullmatch(lowered) is None or ".." in lowered:
        raise ValueError(
            f"{text!r} is no host pattern: example.com, *.example.com, an address without"
            " brackets, or *; a name with other letters in its xn-- form"
        )
    return ip_address(lowered).compressed if ":" in lowered else lowered


def _port_range(text: str) -> range:
    match = _PORTS.fullmatch(text)
    if match is not None:
        first, last = int(match[1]), int(match[2] or match[1])
        if 1 <= first <= last <= _PORT_MAX:
            return range(first, last + 1)
    raise ValueError(f"{text!r} is no port or range of ports: 443 or 8000-8999")


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return pattern in ("*", host)
