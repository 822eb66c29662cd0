"""Open connections of one port: how many there may be, and which are overdue."""

import asyncio
import ipaddress
from collections import Counter
from typing import Protocol

from .limits import HttpLimits
from .turns import Turns

SWEEP_INTERVAL_S = 1.0


class Connection(Protocol):
    """A connection that gets looked at now and then."""

    def close_if_overdue(self, now_s: float) -> None:
        """Close the connection if its client was too slow."""


class OpenConnections:
    """Connections that were admitted.

    One timer looks after all of them: a timer for each request would cost the hot path two heap
    operations a message.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.turns = Turns()
        self._open: dict[Connection, str] = {}
        self._by_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        shortest_s = min(
            limits.header_timeout_s,
            limits.body_timeout_s,
            limits.answer_timeout_s,
            limits.idle_timeout_s,
        )
        self._interval_s = min(SWEEP_INTERVAL_S, shortest_s / 4)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection, host: str) -> bool:
        """Count one more connection from `host`. False if there is no room for it."""
        limits, address = self.limits, address_key(host)
        if len(self._open) >= limits.connections_max:
            return False
        if self._by_address[
            address
        ] >= limits.connections_per_address_max and not limits.proxies.trusts(host):
            return False
        self._open[connection] = address
        self._by_address[address] += 1
        if self._timer is None:
            self._start_timer()
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that was closed."""
        address = self._open.pop(connection, None)
        if address is None:
            return
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _start_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._sweep)

    def _sweep(self) -> None:
        if not self._open:
            self._timer = None
            return
        self._start_timer()
        now_s = asyncio.get_running_loop().time()
        for connection in list(self._open):
            connection.close_if_overdue(now_s)


def address_key(host: str) -> str:
    """Key of a client's address: an IPv4 address, or the /64 of an IPv6 address, of which one
    client usually has all addresses."""
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return address.packed[:8].hex()
