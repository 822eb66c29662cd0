"""The addresses of this machine's interfaces: nothing behind them is meant for webhooks."""

import socket
import time
from collections.abc import Callable
from ipaddress import ip_address

import psutil

from .egress_rules import Address

type ReadAddresses = Callable[[], frozenset[Address]]


class OwnAddresses:
    """The machine's addresses as of at most `lifetime_s` ago; read when asked, by no timer."""

    def __init__(
        self,
        lifetime_s: float,
        read: ReadAddresses | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads them once; OSError if the machine does not tell."""
        self._lifetime_s = lifetime_s
        self._read = read or read_own_addresses
        self._clock_s = clock_s
        self._addresses = self._read()
        self._until_s = clock_s() + lifetime_s

    def current(self) -> frozenset[Address]:
        """Those last known, if reading them anew fails."""
        if self._clock_s() >= self._until_s:
            self._until_s = self._clock_s() + self._lifetime_s
            try:
                self._addresses = self._read()
            except OSError:
                return self._addresses
        return self._addresses


def read_own_addresses() -> frozenset[Address]:
    """Of all interfaces, IPv4 and IPv6."""
    return frozenset(
        ip_address(entry.address.partition("%")[0])
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    )
