"""Which addresses webhooks may be sent to. Pure: an address in, a refusal in words or None out."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from msgspec import Struct

from angarium_worker.adapters.sender.special_addresses import (
    DENIED_IPV4,
    DENIED_WITHIN_GLOBAL_IPV6,
    GLOBAL_UNICAST_IPV6,
    NAMED_IPV6,
    embedded_ipv4,
    is_isatap,
)


class EgressRules(Struct, frozen=True):
    """The public internet, and what the operator allows and denies besides.

    In this order: a network the operator denies is refused; an IPv4 address embedded in an IPv6
    address must be allowed itself; a network the operator allows is allowed; everything that is
    not public is refused.
    """

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    denied_networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, allowed: Iterable[str] = (), denied: Iterable[str] = ()) -> Self:
        """From CIDRs such as `127.0.0.0/8`; ValueError names one that is malformed."""
        return cls(
            tuple(ip_network(network) for network in allowed),
            tuple(ip_network(network) for network in denied),
        )

    def refusal(self, address_text: str) -> str | None:
        """Why this address may not be dialled, as `<address> (<what it is>)`; None if it may.

        What is no plain IP address (an IPv6 zone, a name) is refused.
        """
        try:
            address = ip_address(address_text)
        except ValueError:
            return f"{address_text[:64]} (not an IP address)"
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return f"{address_text[:64]} (address with a zone)"
        name = self._denial(address)
        return None if name is None else f"{address} ({name})"

    def _denial(self, address: IPv4Address | IPv6Address) -> str | None:
        if any(address in network for network in self.denied_networks):
            return "denied by the operator"
        if isinstance(address, IPv4Address):
            return None if self._is_allowed(address) else _ipv4_denial(address)
        for inner in embedded_ipv4(address):
            # The allowance of the embedding network does not open what is reached through it.
            if (name := self._denial(inner)) is not None:
                return f"embeds {inner}: {name}"
        return None if self._is_allowed(address) else _ipv6_denial(address)

    def _is_allowed(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.allowed_networks)


def _ipv4_denial(address: IPv4Address) -> str | None:
    return next((name for network, name in DENIED_IPV4 if address in network), None)


def _ipv6_denial(address: IPv6Address) -> str | None:
    if address not in GLOBAL_UNICAST_IPV6:
        return next(
            (name for network, name in NAMED_IPV6 if address in network), "not global unicast"
        )
    if is_isatap(address):
        return "ISATAP"
    return next((name for network, name in DENIED_WITHIN_GLOBAL_IPV6 if address in network), None)
