"""The address of a client whose requests come through proxies.

Each proxy adds the address of its own client at the end of X-Forwarded-For, or of Forwarded (RFC
7239). Whatever stands before is what that client sent, and is true only if it is a trusted proxy.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

X_FORWARDED_FOR: Final = "x-forwarded-for"
FORWARDED: Final = "forwarded"
HOPS_MAX: Final = 16
"""Proxies between the client and this server that are followed."""
_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^;"\s]*))\s*(?:;|$)', re.IGNORECASE)
_WITH_PORT: Final = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+):\d+")


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a list with commas. Raises ValueError, which says what to change."""
    networks = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(
                f"{part!r} is no network. Write addresses and networks as 10.0.0.0/8, 192.0.2.7"
                " or 2001:db8::/32."
            ) from None
    return tuple(networks)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks of the proxies in front, and the one header that they set.

    Only that header is read. A proxy passes the other one on as a client made it up.
    """

    networks: tuple[Network, ...] = ()
    header: str = X_FORWARDED_FOR

    def trusts(self, host: str) -> bool:
        """True if the peer at this address is one of the proxies."""
        if not self.networks:
            return False
        address = _address(host)
        return address is not None and self._is_proxy(address)

    def client_host(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The address of the client: the nearest one that is no trusted proxy.

        Where a proxy tells none, or what is no address, the client is the proxy itself.
        """
        if not self.trusts(peer):
            return peer
        name = self.header.encode()
        value = ",".join(given.decode("latin-1") for each, given in headers if each == name)
        client = peer
        for element in reversed(value.rsplit(",", HOPS_MAX)[-HOPS_MAX:]):
            address = _address(self._host_in(element.strip()))
            if address is None:
                break
            client = str(address)
            if not self._is_proxy(address):
                break
        return client

    def _host_in(self, element: str) -> str:
        if self.header == FORWARDED:
            found = _FOR.search(element)
            element = "" if found is None else found[1] or found[2] or ""
        with_port = _WITH_PORT.fullmatch(element)
        return element if with_port is None else with_port[1] or with_port[2]

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


NO_PROXIES: Final = TrustedProxies()
