"""The addresses of this machine's interfaces: nothing behind them is meant for webhooks."""

import socket
import struct
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address

from angarium_worker.adapters.sender.egress_rules import Address

type ReadAddresses = Callable[[], frozenset[Address]]

# rtnetlink(7): a dump of all addresses.
_RTM_GETADDR = 22
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_REQUEST_DUMP = 0x301
_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBi")
_ATTRIBUTE = struct.Struct("=HH")
_REPLIES_MAX = 1_000
_REPLY_BYTES_MAX = 65_536
_REPLY_TIMEOUT_S = 1.0


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
    """Of all interfaces, IPv4 and IPv6; where there is no rtnetlink, what the host's name has."""
    if sys.platform == "linux":
        return _from_netlink()
    found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    return frozenset(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def _from_netlink() -> frozenset[Address]:
    addresses: set[Address] = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(_REPLY_TIMEOUT_S)
        length = _HEADER.size + _ADDRESS.size
        request = _HEADER.pack(length, _RTM_GETADDR, _REQUEST_DUMP, 1, 0)
        netlink.sendto(request + _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0), (0, 0))
        for _ in range(_REPLIES_MAX):
            if _take_reply(netlink.recv(_REPLY_BYTES_MAX), addresses):
                return frozenset(addresses)
    raise OSError("the kernel does not end its list of addresses")


def _take_reply(reply: bytes, addresses: set[Address]) -> bool:
    """Add the reply's addresses; True with the last one."""
    at = 0
    while at + _HEADER.size <= len(reply):
        length, kind, _, _, _ = _HEADER.unpack_from(reply, at)
        if kind == _NLMSG_DONE:
            return True
        if kind == _NLMSG_ERROR or length < _HEADER.size:
            raise OSError("the kernel does not list its addresses")
        own = _own_address(reply[at + _HEADER.size : at + length])
        if own is not None:
            addresses.add(own)
        at += (length + 3) & ~3
    return False


def _own_address(message: bytes) -> Address | None:
    """The local address; on a point-to-point interface the other one is the peer's."""
    found: dict[int, bytes] = {}
    at = _ADDRESS.size
    while at + _ATTRIBUTE.size <= len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = message[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    return ip_address(packed) if packed is not None and len(packed) in (4, 16) else None
