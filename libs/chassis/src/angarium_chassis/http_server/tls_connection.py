"""TLS of a port, over memory buffers on the plain transport.

The event loop's own TLS holds any number of connections that never finish their handshake, and only
tells of those that do. Here, each counts among the port's connections from its beginning, and has
the time limit of a request's headers for its handshake.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, override

from .connection_end import REFUSED
from .connections import OpenConnections
from .refusals import TOO_MANY_CONNECTIONS

READ_BYTES_MAX = 64 * 1024


class TlsTransport(asyncio.Transport):
    """The transport that the HTTP protocol of a connection sees: it encrypts."""

    def __init__(self, plain: asyncio.Transport, connection: "TlsConnection") -> None:
        super().__init__()
        self._plain = plain
        self._connection = connection

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.encrypt(data)

    @override
    def can_write_eof(self) -> bool:
        return False

    @override
    def close(self) -> None:
        if not self._plain.is_closing():
            self._connection.say_goodbye()
            self._plain.close()

    @override
    def abort(self) -> None:
        self._plain.abort()

    @override
    def is_closing(self) -> bool:
        return self._plain.is_closing()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "sslcontext":
            return self._connection.context
        return self._plain.get_extra_info(name, default)

    @override
    def pause_reading(self) -> None:
        self._connection.paused = True
        self._plain.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._plain.resume_reading()
        self._connection.resume()


class TlsConnection(asyncio.Protocol):
    """One connection with TLS. Once its handshake is done, `http` creates its HTTP protocol."""

    def __init__(
        self,
        *,
        http: Callable[..., asyncio.Protocol],
        context: ssl.SSLContext,
        connections: OpenConnections,
        **options: Any,
    ) -> None:
        self.context = context
        self.paused = False
        self._make_http = http
        self._options = options
        self._open = connections
        self._loop = asyncio.get_running_loop()
        self._due_s = self._loop.time() + connections.limits.header_timeout_s
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)
        self._http: asyncio.Protocol | None = None
        self._plain: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._plain = transport
        peer = transport.get_extra_info("peername")
        if not self._open.admit(self, peer[0] if peer else ""):
            REFUSED.labels(TOO_MANY_CONNECTIONS.code).inc()
            transport.abort()

    def close_if_overdue(self, now_s: float) -> None:
        """Close the connection if its handshake takes too long."""
        if now_s > self._due_s:
            REFUSED.labels("tls_handshake").inc()
            self._plain.abort()

    @override
    def data_received(self, data: bytes) -> None:
        self._received.write(data)
        if self._http is None:
            self._shake_hands()
        if self._http is not None:
            self._deliver(self._http)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError:
            # The alert tells the client why.
            self._flush()
            REFUSED.labels("tls_handshake").inc()
            self._plain.close()
            return
        self._flush()
        self._open.remove(self)
        self._http = self._make_http(**self._options)
        self._http.connection_made(TlsTransport(self._plain, self))

    def _deliver(self, http: asyncio.Protocol) -> None:
        while not self.paused and not self._plain.is_closing():
            try:
                data = self._tls.read(READ_BYTES_MAX)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self._plain.close()
                return
            except ssl.SSLError:
                self._plain.abort()
                return
            http.data_received(data)
        self._flush()

    def encrypt(self, data: bytes | bytearray | memoryview) -> None:
        """Send to the client."""
        if not data or self._plain.is_closing():
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:
            self._plain.abort()
            return
        self._flush()

    def say_goodbye(self) -> None:
        """Tell the client that nothing more comes, without waiting for its answer."""
        # Raises, as the client has not answered yet.
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def resume(self) -> None:
        """Go on with what was received before the pause."""
        if self.paused:
            self.paused = False
            self._loop.call_soon(self._deliver_rest)

    def _deliver_rest(self) -> None:
        if self._http is not None:
            self._deliver(self._http)

    def _flush(self) -> None:
        if self._to_send.pending:
            self._plain.write(self._to_send.read())

    @override
    def pause_writing(self) -> None:
        if self._http is not None:
            self._http.pause_writing()

    @override
    def resume_writing(self) -> None:
        if self._http is not None:
            self._http.resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._open.remove(self)
        if self._http is not None:
            self._http.connection_lost(exc)
