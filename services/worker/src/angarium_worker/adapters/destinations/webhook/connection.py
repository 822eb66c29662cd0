"""One HTTP/1.1 connection: a request's bytes out, one response in, never more than was asked."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, cast

from angarium_worker.adapters.destinations.dialing.failures import exchange_failure
from angarium_worker.adapters.destinations.dialing.origin import Origin
from angarium_worker.adapters.destinations.dialing.tls_stream import Stream
from angarium_worker.domain.attempt_result import FailureReason

from .limits import SenderLimits
from .response import Response, ResponseRefused


class Exchange(Protocol):
    """Callbacks for a response; exactly one of the two is called, once, per `begin`."""

    def answered(self, connection: "Connection", response: Response, *, reusable: bool) -> None: ...

    def broken(
        self, connection: "Connection", reason: FailureReason, detail: str, *, untouched: bool
    ) -> None:
        """`untouched`: not one byte of a response had come."""
        ...


class Connection(asyncio.Protocol):
    """A transport's protocol. `on_closed` is called once, as soon as it can carry no more."""

    __slots__ = (
        "_closed",
        "_exchange",
        "_on_closed",
        "_response",
        "_transport",
        "first_byte_at",
        "idle_since",
        "opened_at",
        "origin",
        "served",
        "spoke_unasked",
    )

    def __init__(
        self, origin: Origin, limits: SenderLimits, on_closed: Callable[["Connection"], None]
    ) -> None:
        self.origin = origin
        self.opened_at = self.idle_since = self.first_byte_at = 0.0
        self.served = 0
        self.spoke_unasked = False
        self._on_closed = on_closed
        self._exchange: Exchange | None = None
        self._response = Response(limits)
        self._closed = False

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def response(self) -> Response:
        """The part of the last response that has come; empty before its first byte."""
        return self._response

    @property
    def unsent_bytes(self) -> int:
        """Bytes of the request that the peer has not taken, beside those in the system's buffer."""
        return self._transport.get_write_buffer_size()

    def begin(self, request: bytes, exchange: Exchange) -> None:
        """Send a request; only while no other is under way."""
        self._exchange = exchange
        if self.served:
            self._response.reset()
            self.first_byte_at = 0.0
        self.served += 1
        self._transport.write(request)

    def abort(self) -> None:
        """Close now, without a word to whoever waits."""
        self._exchange = None
        self._retire()
        self._transport.abort()

    def close(self) -> None:
        """Close politely; only while idle."""
        self._retire()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport | Stream) -> None:
        self._transport = cast("Stream", transport)
        self.opened_at = time.monotonic()

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            # Bytes that nobody asked for would be taken for the next request's response.
            self.spoke_unasked = True
            if not self.served:
                self._response.keep_unasked(data)
            self.abort()
            return
        if self.first_byte_at == 0.0:
            self.first_byte_at = time.monotonic()
        response = self._response
        try:
            if response.feed(data):
                self._complete(exchange, response)
        except ResponseRefused as refused:
            self._break(exchange, FailureReason.INVALID_RESPONSE, str(refused))

    def eof_received(self) -> bool:
        self._retire()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._retire()
        exchange = self._exchange
        if exchange is None:
            return
        if exc is None and self._response.end_of_connection_completes():
            self._complete(exchange, self._response)
        elif exc is not None:
            self._break(exchange, *exchange_failure(exc))
        elif self.first_byte_at == 0.0:
            self._break(exchange, FailureReason.CONNECTION_CLOSED, "closed without an answer")
        else:
            detail = "" if self._response.status else "closed within the answer"
            self._break(exchange, FailureReason.CONNECTION_CLOSED, detail)

    def _complete(self, exchange: Exchange, response: Response) -> None:
        self._exchange = None
        reusable = (
            response.keeps_alive
            and not self._closed
            and self._transport.get_write_buffer_size() == 0
        )
        exchange.answered(self, response, reusable=reusable)

    def _break(self, exchange: Exchange, reason: FailureReason, detail: str) -> None:
        untouched = self.first_byte_at == 0.0
        self.abort()
        exchange.broken(self, reason, detail, untouched=untouched)

    def _retire(self) -> None:
        if not self._closed:
            self._closed = True
            self._on_closed(self)
