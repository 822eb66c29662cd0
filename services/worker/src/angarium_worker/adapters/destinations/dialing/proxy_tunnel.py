"""Through an egress proxy to an address that was checked: HTTP CONNECT and SOCKS5.

The proxy is always given an address, never a name: what is resolved and checked here is what is
connected to, and a proxy that resolved names itself would open what the egress rules close. A
proxy whose own rules go by name therefore sees addresses only.
"""

import asyncio
import re
import socket
from base64 import b64encode
from ipaddress import IPv4Address, ip_address

from angarium_webhooks.egress.proxy_url import Proxy

from angarium_worker.domain.attempt_result import FailureReason

from .failures import SendFailed, about, os_words

_HEAD_BYTES_MAX = 8_192
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\r?\n")
_NOT_REACHED = frozenset({502, 503, 504})

# RFC 1928
_SOCKS_VERSION = 5
_NO_AUTHENTICATION = 0
_USER_AND_PASSWORD = 2
_CONNECT = 1
_IPV4, _IPV6 = 1, 4
_ADDRESS_BYTES = {_IPV4: 4, _IPV6: 16}
_SOCKS_REPLIES = {
    1: (FailureReason.PROXY_FAILED, "general failure"),
    2: (FailureReason.PROXY_FAILED, "the connection is not allowed by the proxy's rules"),
    3: (FailureReason.UNREACHABLE, "network unreachable from the proxy"),
    4: (FailureReason.UNREACHABLE, "host unreachable from the proxy"),
    5: (FailureReason.CONNECTION_REFUSED, "connection refused, says the proxy"),
    6: (FailureReason.CONNECT_TIMED_OUT, "no answer, says the proxy"),
}


async def open_tunnel(connected: socket.socket, proxy: Proxy, address: str, port: int) -> None:
    """Ask the proxy at the other end of `connected` for a connection to `address`.

    Raises SendFailed; `connected` stays its caller's to close.
    """
    stream = _ProxyStream(connected)
    try:
        if proxy.scheme == "socks5":
            await _socks5(stream, proxy, address, port)
        else:
            await _http_connect(stream, proxy, address, port)
    except OSError as error:
        raise SendFailed(FailureReason.PROXY_FAILED, f"the proxy: {os_words(error)}") from error


class _ProxyStream:
    """Reads no byte more than the proxy's answer has: what follows is the endpoint's."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def read_exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += await self._some(count - len(data))
        return data

    async def read_head(self) -> bytes:
        """Up to the empty line."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            if len(data) >= _HEAD_BYTES_MAX:
                raise SendFailed(FailureReason.PROXY_FAILED, "the proxy's answer does not end")
            data += await self._some(_HEAD_BYTES_MAX - len(data))
            if b"\r\n\r\n" in data[:-4]:
                raise SendFailed(FailureReason.PROXY_FAILED, "the proxy sent more than its answer")
        return data

    async def _some(self, count_max: int) -> bytes:
        data = await self._loop.sock_recv(self._socket, count_max)
        if not data:
            raise SendFailed(FailureReason.PROXY_FAILED, "the proxy closed the connection")
        return data


async def _http_connect(stream: _ProxyStream, proxy: Proxy, address: str, port: int) -> None:
    """RFC 9110, section 9.3.6."""
    authority = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.user:
        credentials = b64encode(proxy.user + b":" + proxy.password).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {credentials}")
    await stream.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = await stream.read_head()
    status_line = _STATUS_LINE.match(head)
    if status_line is None:
        raise SendFailed(FailureReason.PROXY_FAILED, "the proxy's answer is no HTTP")
    status = int(status_line[1])
    if 200 <= status < 300:
        return
    if status in _NOT_REACHED:
        raise SendFailed(
            FailureReason.UNREACHABLE, about(address, f"the proxy could not connect ({status})")
        )
    raise SendFailed(FailureReason.PROXY_FAILED, f"the proxy answered {status}")


async def _socks5(stream: _ProxyStream, proxy: Proxy, address: str, port: int) -> None:
    await _authenticate(stream, proxy)
    target = ip_address(address)
    kind = _IPV4 if isinstance(target, IPv4Address) else _IPV6
    await stream.write(
        bytes((_SOCKS_VERSION, _CONNECT, 0, kind)) + target.packed + port.to_bytes(2, "big")
    )
    version, reply, _, bound_kind = await stream.read_exactly(4)
    if version != _SOCKS_VERSION:
        raise SendFailed(FailureReason.PROXY_FAILED, "the proxy's answer is no SOCKS5")
    if reply != 0:
        reason, words = _SOCKS_REPLIES.get(reply, (FailureReason.PROXY_FAILED, f"reply {reply}"))
        raise SendFailed(reason, about(address, words))
    bound_bytes = _ADDRESS_BYTES.get(bound_kind)
    if bound_bytes is None:  # a name, behind its length
        bound_bytes = (await stream.read_exactly(1))[0]
    await stream.read_exactly(bound_bytes + 2)


async def _authenticate(stream: _ProxyStream, proxy: Proxy) -> None:
    """RFC 1928, section 3, and RFC 1929."""
    method = _USER_AND_PASSWORD if proxy.user else _NO_AUTHENTICATION
    await stream.write(bytes((_SOCKS_VERSION, 1, method)))
    version, chosen = await stream.read_exactly(2)
    if version != _SOCKS_VERSION:
        raise SendFailed(FailureReason.PROXY_FAILED, "the proxy's answer is no SOCKS5")
    if chosen != method:
        raise SendFailed(FailureReason.PROXY_FAILED, "the proxy asks for another authentication")
    if method == _USER_AND_PASSWORD:
        user, password = proxy.user, proxy.password
        await stream.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if (await stream.read_exactly(2))[1] != 0:
            raise SendFailed(FailureReason.PROXY_FAILED, "the proxy refused user and password")
