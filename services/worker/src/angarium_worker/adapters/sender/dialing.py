"""From an origin to an open connection: resolve, check every address, dial the checked one, TLS."""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from enum import Enum

from angarium_worker.adapters.sender.connection import Connection
from angarium_worker.adapters.sender.egress_rules import EgressRules
from angarium_worker.adapters.sender.failures import (
    SendFailed,
    connect_failure,
    tls_failure,
)
from angarium_worker.adapters.sender.limits import SenderLimits
from angarium_worker.adapters.sender.name_resolution import NameResolution
from angarium_worker.adapters.sender.url_rules import Origin
from angarium_worker.application.sending import FailureReason


class Phase(Enum):
    """Where an attempt is; its deadline's reason depends on it."""

    WAITING = FailureReason.NO_FREE_CONNECTION
    DNS = FailureReason.DNS_TIMED_OUT
    CONNECT = FailureReason.CONNECT_TIMED_OUT
    TLS = FailureReason.TLS_TIMED_OUT
    EXCHANGE = FailureReason.RESPONSE_TIMED_OUT


class DialProgress:
    """What a dial tells while it goes on: the phase, and how long the ended ones took."""

    __slots__ = ("connect_s", "dns_s", "phase", "tls_s")

    def __init__(self) -> None:
        self.phase = Phase.WAITING
        self.dns_s = 0.0
        self.connect_s = 0.0
        self.tls_s = 0.0


class Dialler:
    """Opens connections to addresses that the egress rules allow, and to no others."""

    def __init__(
        self,
        rules: EgressRules,
        names: NameResolution,
        tls: ssl.SSLContext,
        limits: SenderLimits,
    ) -> None:
        self._rules = rules
        self._names = names
        self._tls = tls
        self._limits = limits

    async def dial(
        self,
        origin: Origin,
        progress: DialProgress,
        deadline: float,
        connection_of: Callable[[], Connection],
    ) -> Connection:
        """An open connection. Raises SendFailed; the caller cancels it at its `deadline` (on the
        loop's clock), which here only shares the time between several addresses."""
        progress.phase = Phase.DNS
        started = time.monotonic()
        addresses = await self._checked_addresses(origin.host)
        connecting = time.monotonic()
        progress.dns_s = connecting - started
        progress.phase = Phase.CONNECT
        connected = await self._connect(addresses, origin.port, deadline)
        shaking = time.monotonic()
        progress.connect_s = shaking - connecting
        if origin.is_tls:
            progress.phase = Phase.TLS
        connection = await self._open(connected, origin, connection_of)
        if origin.is_tls:
            progress.tls_s = time.monotonic() - shaking
        return connection

    async def _checked_addresses(self, host: str) -> tuple[str, ...]:
        """One address that may not be dialled refuses the host: it is not ours to choose."""
        addresses = (host,) if _is_literal(host) else await self._names.addresses_of(host)
        for address in addresses:
            refusal = self._rules.refusal(address)
            if refusal is not None:
                detail = refusal if address == host else f"{host} has the address {refusal}"
                raise SendFailed(FailureReason.ADDRESS_NOT_ALLOWED, detail)
        return addresses

    async def _connect(
        self, addresses: tuple[str, ...], port: int, deadline: float
    ) -> socket.socket:
        loop = asyncio.get_running_loop()
        last: SendFailed | None = None
        for place, address in enumerate(addresses):
            left_s = deadline - loop.time()
            share_s = left_s / (len(addresses) - place)
            try:
                async with asyncio.timeout(share_s if share_s < left_s else None):
                    return await _connect_socket(loop, address, port)
            except TimeoutError:
                last = SendFailed(FailureReason.CONNECT_TIMED_OUT, f"{address}: no answer")
            except OSError as error:
                last = connect_failure(error, address)
        raise last or SendFailed(FailureReason.DNS_FAILED, "no address")

    async def _open(
        self, connected: socket.socket, origin: Origin, connection_of: Callable[[], Connection]
    ) -> Connection:
        # From here on the transport owns the socket, whether this succeeds or not.
        loop = asyncio.get_running_loop()
        try:
            if origin.is_tls:
                _, connection = await loop.create_connection(
                    connection_of,
                    sock=connected,
                    ssl=self._tls,
                    server_hostname=origin.host,
                    ssl_shutdown_timeout=self._limits.tls_shutdown_timeout_s,
                )
            else:
                _, connection = await loop.create_connection(connection_of, sock=connected)
        except OSError as error:
            raise tls_failure(error) from error
        return connection


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _connect_socket(
    loop: asyncio.AbstractEventLoop, address: str, port: int
) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connecting, (address, port))
    except BaseException:
        connecting.close()
        raise
    return connecting
