"""From an origin to an open connection: resolve, check every address, dial the checked one, TLS."""

import asyncio
import socket
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import cast

from angarium_webhooks.egress.egress_rules import EgressRules, is_address
from angarium_webhooks.egress.own_addresses import OwnAddresses
from angarium_webhooks.egress.proxy_url import Proxy

from angarium_worker.domain.attempt_result import FailureReason

from .client_certificates import TlsContexts
from .failures import (
    SendFailed,
    connect_failure,
    tls_failure,
)
from .limits import DialLimits
from .name_resolution import NameResolution
from .origin import Origin
from .proxy_tunnel import open_tunnel
from .racing_dials import first_connected, in_turns
from .refusal_log import RefusalLog
from .tls_stream import Above, TlsStream


class Phase(Enum):
    """Phase of an attempt; its deadline's reason depends on it."""

    WAITING = FailureReason.NO_FREE_CONNECTION
    DNS = FailureReason.DNS_TIMED_OUT
    CONNECT = FailureReason.CONNECT_TIMED_OUT
    TLS = FailureReason.TLS_TIMED_OUT
    EXCHANGE = FailureReason.RESPONSE_TIMED_OUT


class DialProgress:
    """Progress of a dial: the current phase, and the durations of the completed ones."""

    __slots__ = ("connect_s", "dns_s", "phase", "phase_began_at", "tls_s")

    def __init__(self) -> None:
        self.phase = Phase.WAITING
        self.phase_began_at = 0.0
        self.dns_s = 0.0
        self.connect_s = 0.0
        self.tls_s = 0.0

    def enter(self, phase: Phase) -> None:
        """End the phase that goes on, and begin the next."""
        now = time.monotonic()
        took_s = now - self.phase_began_at
        match self.phase:
            case Phase.DNS:
                self.dns_s = took_s
            case Phase.CONNECT:
                self.connect_s = took_s
            case Phase.TLS:
                self.tls_s = took_s
            case _:
                pass
        self.phase = phase
        self.phase_began_at = now


class Dialler:
    """Opens connections to addresses that the egress rules allow, and to no others."""

    def __init__(
        self,
        rules: EgressRules,
        own_addresses: OwnAddresses,
        names: NameResolution,
        tls: TlsContexts,
        limits: DialLimits,
    ) -> None:
        self._rules = rules
        self._own_addresses = own_addresses
        self._names = names
        self._tls = tls
        self._limits = limits
        self._refusals = RefusalLog()

    async def dial[C: asyncio.Protocol](
        self,
        origin: Origin,
        progress: DialProgress,
        deadline: float,
        connection_of: Callable[[], C],
    ) -> C:
        """An open connection. Raises SendFailed; the caller cancels it at its `deadline` (on the
        loop's clock), which here only makes several addresses follow each other in time."""
        progress.enter(Phase.DNS)
        addresses = await self._checked_addresses(origin.host)
        by_way_of = await self._proxy_addresses(origin.proxy)
        progress.enter(Phase.CONNECT)
        connected = await self._connect(addresses, origin, by_way_of, deadline)
        progress.enter(Phase.TLS if origin.is_tls else Phase.EXCHANGE)
        connection = await self._open(connected, origin, connection_of)
        progress.enter(Phase.EXCHANGE)
        return connection

    async def _checked_addresses(self, host: str) -> tuple[str, ...]:
        """One address that may not be dialled refuses the host: it is not ours to choose."""
        addresses = await self._addresses_of(host)
        own = self._own_addresses.current()
        for address in addresses:
            if self._rules.refusal(address, own) is not None:
                self._refusals.write(host, self._rules.explain(address, own))
                raise SendFailed(
                    FailureReason.ADDRESS_NOT_ALLOWED, self._words_for_tenants(host, address)
                )
        return addresses

    def _words_for_tenants(self, host: str, address: str) -> str:
        """The table's words on an address in the URL. What a name leads to, and which addresses
        this machine has, is the operator's to know."""
        if host == address:
            return self._rules.refusal(address) or host
        return f"{host}; `angarium doctor url` tells the operator which"

    async def _proxy_addresses(self, proxy: Proxy | None) -> tuple[str, ...]:
        """An endpoint's own proxy is a destination like any other; the operator's may be near."""
        if proxy is None:
            return ()
        if proxy.is_operators:
            return await self._addresses_of(proxy.host)
        refusal = self._rules.destination_refusal(proxy.host, proxy.port)
        if refusal is not None:
            raise SendFailed(FailureReason.DESTINATION_NOT_ALLOWED, f"the proxy: {refusal.words}")
        return await self._checked_addresses(proxy.host)

    async def _addresses_of(self, host: str) -> tuple[str, ...]:
        return (host,) if is_address(host) else await self._names.addresses_of(host)

    async def _connect(
        self,
        addresses: tuple[str, ...],
        origin: Origin,
        by_way_of: tuple[str, ...],
        deadline: float,
    ) -> socket.socket:
        turns = in_turns(addresses, self._limits.addresses_dialled_max)
        left_s = deadline - asyncio.get_running_loop().time()
        stagger_s = min(self._limits.dial_stagger_s, max(left_s, 0.0) / (len(turns) + 1))
        if origin.proxy is None:
            connect = partial(_connect_socket, port=origin.port)
        else:
            connect = partial(
                _connect_through,
                port=origin.port,
                proxy=origin.proxy,
                proxy_addresses=in_turns(by_way_of, self._limits.addresses_dialled_max),
                stagger_s=stagger_s,
            )
        return await first_connected(turns, connect, stagger_s)

    async def _open[C: asyncio.Protocol](
        self, connected: socket.socket, origin: Origin, connection_of: Callable[[], C]
    ) -> C:
        loop = asyncio.get_running_loop()
        if not origin.is_tls:
            # From here on the transport owns the socket, whether this succeeds or not.
            _, connection = await loop.create_connection(connection_of, sock=connected)
            return connection
        try:
            context = await self._tls.context_for(origin.certificate, origin.ca)
        except BaseException:
            connected.close()
            raise
        connection = connection_of()
        _, stream = await loop.create_connection(
            partial(TlsStream, context, origin.host, cast("Above", connection)), sock=connected
        )
        try:
            if stream.shaken is not None:
                await stream.shaken
        except OSError as error:
            raise tls_failure(error, stream.presented()) from error
        except BaseException:
            stream.abort()
            raise
        return connection


async def _connect_socket(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        connecting = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise connect_failure(error, address) from error
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connecting, (address, port))
    except OSError as error:
        connecting.close()
        raise connect_failure(error, address) from error
    except BaseException:
        connecting.close()
        raise
    return connecting


async def _connect_through(
    address: str, port: int, proxy: Proxy, proxy_addresses: list[str], stagger_s: float
) -> socket.socket:
    try:
        connected = await first_connected(
            proxy_addresses, partial(_connect_socket, port=proxy.port), stagger_s
        )
    except SendFailed as failed:
        raise SendFailed(FailureReason.PROXY_FAILED, f"the proxy: {failed.detail}") from failed
    try:
        await open_tunnel(connected, proxy, address, port)
    except BaseException:
        connected.close()
        raise
    return connected
