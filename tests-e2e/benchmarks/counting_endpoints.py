"""A receiver of many endpoints that fails a share of deliveries once, and counts.

    python counting_endpoints.py

prints `{"port": N}` as its first line, then takes commands, one JSON line each on the standard
input, and answers each with a line. It ends with the input.

    {"do": "fail", "share": 0.5}                     500 to every second delivery's first request
    {"do": "wait", "delivered": N, "timeout_s": S}   until so many requests were answered with 200

Counts begin anew with `fail`. Answers have `requests` and `delivered`. A delivery is told by the
request's path and webhook-id. One request at a time on a connection, with a Content-Length.
"""

import asyncio
import sys
from collections import defaultdict
from contextlib import suppress
from typing import cast

import msgspec
import uvloop

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
_FAILED = b"HTTP/1.1 500 Error\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno"
_LENGTH = b"\r\ncontent-length: "
_MESSAGE = b"\r\nwebhook-id: "
_BACKLOG = 4096


class Command(msgspec.Struct):
    do: str
    share: float = 0.0
    delivered: int = 0
    timeout_s: float = 0.0


class CountingEndpoints:
    """All endpoints. Failures are spread evenly over the deliveries of each: a success follows
    soon, so that no circuit breaker opens."""

    def __init__(self) -> None:
        self.share = 0.0
        self.requests = self.delivered = 0
        self._of_endpoint: defaultdict[bytes, int] = defaultdict(int)
        self._failed: set[tuple[bytes, bytes]] = set()
        self._awaited = sys.maxsize
        self._reached = asyncio.Event()

    def fail(self, share: float) -> None:
        self.share = share
        self.requests = self.delivered = 0
        self._of_endpoint.clear()
        self._failed.clear()

    def receive(self, path: bytes, message: bytes) -> bytes:
        """Count a request; gives the answer."""
        self.requests += 1
        if (path, message) not in self._failed:
            before = self._of_endpoint[path]
            self._of_endpoint[path] = before + 1
            if int((before + 1) * self.share) > int(before * self.share):
                self._failed.add((path, message))
                return _FAILED
        self.delivered += 1
        if self.delivered >= self._awaited:
            self._reached.set()
        return _OK

    async def wait_for(self, delivered: int, timeout_s: float) -> None:
        self._awaited = delivered
        self._reached.clear()
        if self.delivered < delivered:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._reached.wait()


class CountingConnection(asyncio.Protocol):
    """One connection."""

    def __init__(self, endpoints: CountingEndpoints) -> None:
        self._endpoints = endpoints
        self._head = b""
        self._delivery = b"", b""
        self._left_bytes = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._left_bytes >= 0:
            self._left_bytes -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            lowered = self._head[: end + 2].lower()
            length = int(_header(lowered, _LENGTH))
            self._delivery = self._head[: self._head.index(b" HTTP/")], _header(lowered, _MESSAGE)
            self._left_bytes = end + 4 + length - len(self._head)
        if self._left_bytes == 0:
            self._head, self._left_bytes = b"", -1
            self._transport.write(self._endpoints.receive(*self._delivery))


def _header(lowered: bytes, name: bytes) -> bytes:
    start = lowered.index(name) + len(name)
    return lowered[start : lowered.index(b"\r\n", start)]


async def serve() -> None:
    endpoints = CountingEndpoints()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: CountingConnection(endpoints), "127.0.0.1", 0, backlog=_BACKLOG
    )
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(msgspec.json.encode({"port": server.sockets[0].getsockname()[1]}).decode(), flush=True)
    decoder = msgspec.json.Decoder(Command)
    while line := await reader.readline():
        command = decoder.decode(line)
        match command.do:
            case "fail":
                endpoints.fail(command.share)
            case "wait":
                await endpoints.wait_for(command.delivered, command.timeout_s)
            case unknown:
                raise SystemExit(f"counting_endpoints: unknown command {unknown!r}")
        counts = {"requests": endpoints.requests, "delivered": endpoints.delivered}
        print(msgspec.json.encode(counts).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(serve())
