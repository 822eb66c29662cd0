"""TLS on a connection, between the event loop's transport and the protocol above it.

Event loops have their own, with a read buffer of 256 KiB for every connection that is never
given back. Here a connection keeps what OpenSSL needs and two buffers of a few kilobytes: data
goes through them in small parts, for they never shrink.
"""

import asyncio
import contextlib
import errno
import os
import ssl
from typing import Protocol, cast

_PART_IN_BYTES = 2_048
_PART_OUT_BYTES = 4_096
_RECORD_BYTES_MAX = 16_384


class Stream(Protocol):
    """The part of a transport that a connection uses; TLS has its own."""

    def write(self, data: bytes) -> None: ...

    def get_write_buffer_size(self) -> int: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class Above(Protocol):
    """The part of a connection that its TLS stream calls."""

    def connection_made(self, transport: Stream) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class TlsStream(asyncio.Protocol):
    """The client's side. A protocol to the transport below, a transport to the connection above.

    `shaken` ends when the handshake does: with None, or with an OSError (ssl's errors are). Only
    then does the connection learn of it; whoever awaits it aborts the stream on an error.
    """

    __slots__ = ("_above", "_incoming", "_lost", "_outgoing", "_tls", "_transport", "shaken")

    def __init__(self, context: ssl.SSLContext, host: str, above: Above) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._above = above
        self._lost: OSError | None = None
        self.shaken: asyncio.Future[None] | None = asyncio.get_running_loop().create_future()

    def write(self, data: bytes) -> None:
        """As a transport has it."""
        tls, outgoing, transport = self._tls, self._outgoing, self._transport
        try:
            if len(data) <= _PART_OUT_BYTES:
                tls.write(data)
                transport.write(outgoing.read())
                return
            view = memoryview(data)
            for at in range(0, len(data), _PART_OUT_BYTES):
                tls.write(view[at : at + _PART_OUT_BYTES])
                transport.write(outgoing.read())
        except OSError as error:
            self._fail(error)

    def get_write_buffer_size(self) -> int:
        """Of encrypted bytes that the peer has not taken."""
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    def close(self) -> None:
        """Say so and close, without waiting for the peer to say so too (RFC 8446, section 6.1)."""
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        self._flush()
        self._transport.close()

    def presented(self) -> list[bytes]:
        """The certificates that the server sent, as DER, verified or not; none where this Python
        cannot tell."""
        chain_of = getattr(self._tls, "get_unverified_chain", None)  # from Python 3.13 on
        with contextlib.suppress(ValueError, ssl.SSLError):
            return [] if chain_of is None else list(chain_of())
        return []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._shake()

    def data_received(self, data: bytes) -> None:
        if len(data) <= _PART_IN_BYTES:
            self._incoming.write(data)
            self._take()
            return
        view = memoryview(data)
        for at in range(0, len(data), _PART_IN_BYTES):
            self._incoming.write(view[at : at + _PART_IN_BYTES])
            if not self._take():
                return

    def eof_received(self) -> bool:
        if self.shaken is None:
            self._above.eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.shaken is None:
            self._above.connection_lost(self._lost or exc)
        elif not self.shaken.done():
            _break_off(self.shaken, exc if isinstance(exc, OSError) else _reset())

    def _take(self) -> bool:
        """Hand up what has come; False when nothing more is to be taken."""
        if self.shaken is not None and not self._shake():
            return not self._transport.is_closing()
        tls, above = self._tls, self._above
        try:
            while not self._transport.is_closing():
                data = tls.read(_RECORD_BYTES_MAX)
                if not data:  # the peer said that it is done
                    above.eof_received()
                    self._transport.close()
                    break
                above.data_received(data)
        except ssl.SSLWantReadError:
            if self._outgoing.pending:
                self._flush()
            return True
        except OSError as error:
            self._fail(error)
        return False

    def _shake(self) -> bool:
        """One more step of the handshake; True at its end."""
        shaken = self.shaken
        if shaken is None or shaken.done():
            return False
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except OSError as error:
            self._flush()  # the alert, which says why
            _break_off(shaken, error)
            self._transport.close()
            return False
        self._flush()
        self.shaken = None
        shaken.set_result(None)
        self._above.connection_made(self)
        return True

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._transport.write(self._outgoing.read())

    def _fail(self, error: OSError) -> None:
        # The first error says why; those after it, such as of a write, only that it is over.
        self._lost = self._lost or error
        self._flush()
        self._transport.abort()


def _break_off(shaken: asyncio.Future[None], error: OSError) -> None:
    shaken.set_exception(error)
    shaken.exception()  # whoever awaited it may have been cancelled


def _reset() -> OSError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
