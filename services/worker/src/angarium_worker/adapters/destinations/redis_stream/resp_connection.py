"""One connection to a Redis or Valkey server: commands out, as many replies in (RESP2).

Not redis-py: its reader takes replies of any length, and whoever owns an endpoint chooses its
server. Here a reply that is longer than an entry id or an error ends the connection.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from angarium_worker.adapters.destinations.dialing.failures import SPEAKS_TLS, TLS_ALERT
from angarium_worker.adapters.destinations.dialing.tls_stream import Stream

REPLY_BYTES_MAX = 4_096


class ServerError(Exception):
    """The server answered with an error; `code` is its first word, such as WRONGTYPE."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = text.partition(" ")[0][:32]


class ReplyRefused(Exception):
    """The bytes are no reply that a command of ours can have."""


class RespConnection(asyncio.Protocol):
    """A transport's protocol. One caller at a time."""

    __slots__ = ("_buffer", "_lost", "_transport", "_waiting", "idle_since", "is_closed", "served")

    def __init__(self) -> None:
        self.is_closed = False
        self.served = 0
        self.idle_since = 0.0
        self._buffer = bytearray()
        self._lost: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    async def call(self, *commands: Sequence[bytes]) -> list[bytes | ServerError]:
        """Send commands and wait for all their replies. Raises ConnectionError (OSError),
        ReplyRefused."""
        self.served += 1
        self._transport.write(b"".join([_encoded(command) for command in commands]))
        replies: list[bytes | ServerError] = []
        while len(replies) < len(commands):
            reply = _take_reply(self._buffer)
            if reply is not None:
                replies.append(reply)
                continue
            if self.is_closed:
                raise self._lost or ConnectionResetError("closed by the server")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._buffer:
            raise ReplyRefused("bytes after the reply")
        return replies

    def abort(self) -> None:
        """Close now."""
        self.is_closed = True
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport | Stream) -> None:
        self._transport = cast("Stream", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._waiting is None or len(self._buffer) > REPLY_BYTES_MAX:
            self._lost = ReplyRefused("bytes that no command asked for")
            self.abort()
        self._wake()

    def eof_received(self) -> bool:
        self.is_closed = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._lost = self._lost or exc
        self._wake()

    def _wake(self) -> None:
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


def _encoded(command: Sequence[bytes]) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        parts.append(b"$%d\r\n" % len(argument))
        parts.append(argument)
        parts.append(b"\r\n")
    return b"".join(parts)


def _take_reply(buffer: bytearray) -> bytes | ServerError | None:
    """The first reply in the buffer, taken out of it; None while it is not complete."""
    if buffer.startswith(TLS_ALERT):
        raise ReplyRefused(SPEAKS_TLS)
    end = buffer.find(b"\r\n")
    if end < 0:
        return None
    kind, line = bytes(buffer[:1]), bytes(buffer[1:end])
    if kind == b"$":
        if not line.isdigit() or int(line) > REPLY_BYTES_MAX:
            raise ReplyRefused("a reply of a length that is not expected")
        begin, size = end + 2, int(line)
        if len(buffer) < begin + size + 2:
            return None
        value = bytes(buffer[begin : begin + size])
        del buffer[: begin + size + 2]
        return value
    if kind not in (b"+", b"-", b":"):
        raise ReplyRefused("not a Redis reply")
    del buffer[: end + 2]
    return ServerError(line.decode("utf-8", "replace")) if kind == b"-" else line
