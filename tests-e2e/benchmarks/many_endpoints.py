"""A receiver of many endpoints, told by their paths: POST /0, POST /1, …

    python many_endpoints.py [--certificate FILE]

prints `{"port": N}` as its first line, then takes commands, one JSON line each on the standard
input, and answers each with a line. It ends with the input.

    {"do": "behave", "as": "ok"}                   how it behaves from now on: see Behaviour
    {"do": "wait", "delivered": N, "timeout_s": S} until so many deliveries were answered with 200
    {"do": "hand_over", "file": FILE}              writes all arrivals to FILE and forgets them

Answers have `now_ns` (CLOCK_MONOTONIC), `arrived` and `delivered`, and `connected`, the number of
connections that were opened so far; that to wait has `reached`. One request at a time on a
connection, with a Content-Length. With a certificate (a PEM file, its key included) connections
take TLS only.
"""

import argparse
import asyncio
import random
import resource
import socket
import ssl
import sys
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from arrivals import ENDPOINTS_MAX, NO_ANSWER, Arrivals

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
_BUSY = b"HTTP/1.1 503 Busy\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nbusy"
_HEAD_BYTES_MAX = 64 * 1024
_BODY_BYTES_MAX = 16 * 1024 * 1024
_BACKLOG = 4096
_BIND_TRIES_MAX = 200
_BIND_PAUSE_S = 0.01


class Behaviour(StrEnum):
    """How all endpoints answer."""

    OK = "ok"
    HANG = "hang"
    """The request is read, never answered."""
    REFUSED = "refused"
    """Nobody listens, open connections are closed."""
    BUSY = "503"
    HALF = "half"
    """503 to every other request, by chance."""


class _Command(msgspec.Struct):
    do: str
    behaviour: Behaviour = msgspec.field(name="as", default=Behaviour.OK)
    delivered: int = 0
    timeout_s: float = 0.0
    file: str = ""


class Endpoints:
    """All endpoints: their behaviour, their arrivals, and which deliveries were answered."""

    def __init__(self) -> None:
        self.behaviour = Behaviour.OK
        self.connections: set[asyncio.Transport] = set()
        self.connected = 0
        self.arrivals = Arrivals()
        self.delivered: set[int] = set()
        self._chance = random.Random(5)
        self._awaited = sys.maxsize
        self._reached = asyncio.Event()

    def receive(self, message: bytes, endpoint: int) -> bytes:
        """Record a request; gives the answer, empty for none."""
        now_ns = time.monotonic_ns()
        match self.behaviour:
            case Behaviour.OK:
                status = 200
            case Behaviour.HANG:
                status = NO_ANSWER
            case Behaviour.HALF:
                status = 200 if self._chance.random() < 0.5 else 503
            case _:
                status = 503
        delivery = self.arrivals.add(message.decode("latin-1"), endpoint, now_ns, status)
        if status != 200:
            return _BUSY if status else b""
        if delivery is not None:
            self.delivered.add(delivery)
            if len(self.delivered) >= self._awaited:
                self._reached.set()
        return _OK

    async def wait_for(self, delivered: int, timeout_s: float) -> bool:
        """Whether so many deliveries were answered with 200, after waiting for them."""
        self._awaited = delivered
        self._reached.clear()
        if len(self.delivered) >= delivered:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._reached.wait()
        return len(self.delivered) >= delivered

    def hand_over(self, path: Path) -> None:
        self.arrivals.write(path)
        self.arrivals, self.delivered = Arrivals(), set()


class EndpointConnection(asyncio.Protocol):
    """One connection; a request that cannot be read ends it."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._received = b""
        self._wanted_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)
        self._endpoints.connections.add(self._transport)
        self._endpoints.connected += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._endpoints.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        self._received = received
        if len(received) < self._wanted_bytes or self._transport.is_closing():
            return
        end = received.find(b"\r\n\r\n")
        if end < 0:
            if len(received) > _HEAD_BYTES_MAX:
                self._give_up()
            return
        try:
            head = received[: end + 2]
            lowered = head.lower()
            length = int(_header(head, lowered, b"\r\ncontent-length: "))
            message = _header(head, lowered, b"\r\nwebhook-id: ")
            endpoint = int(head[head.index(b" /") + 2 : head.index(b" HTTP/")])
        except ValueError:
            self._give_up()
            return
        if not (0 <= endpoint < ENDPOINTS_MAX and 0 <= length <= _BODY_BYTES_MAX):
            self._give_up()
            return
        self._wanted_bytes = end + 4 + length
        if len(received) < self._wanted_bytes:
            return
        self._received = b""
        self._wanted_bytes = 0
        answer = self._endpoints.receive(message, endpoint)
        if answer:
            self._transport.write(answer)

    def _give_up(self) -> None:
        self._endpoints.arrivals.unreadable += 1
        self._transport.close()


def _header(head: bytes, lowered: bytes, name: bytes) -> bytes:
    start = lowered.index(name) + len(name)
    return head[start : head.index(b"\r\n", start)]


class Door:
    """The listening socket of all endpoints; its port stays theirs while nobody listens."""

    def __init__(self, endpoints: Endpoints, tls: ssl.SSLContext | None) -> None:
        self._endpoints = endpoints
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._socket = _bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(
                lambda: EndpointConnection(self._endpoints),
                sock=self._socket,
                backlog=_BACKLOG,
                ssl=self._tls,
            )

    async def close(self) -> None:
        """Refuse connections and end those that are open; answers on their way still leave."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._socket.close()
        for connection in tuple(self._endpoints.connections):
            connection.close()
        # Bound but silent: the system refuses, and gives the port to nobody else. The loop closes
        # the old socket in its own time.
        for _ in range(_BIND_TRIES_MAX):
            try:
                self._socket = _bound(self.port)
            except OSError:
                await asyncio.sleep(_BIND_PAUSE_S)
                continue
            return
        raise OSError(f"port {self.port} did not become free")


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound


async def _obey(command: _Command, endpoints: Endpoints, door: Door) -> dict[str, object]:
    done: dict[str, object] = {}
    match command.do:
        case "behave":
            endpoints.behaviour = command.behaviour
            if command.behaviour is Behaviour.REFUSED:
                await door.close()
            else:
                await door.open()
        case "wait":
            done["reached"] = await endpoints.wait_for(command.delivered, command.timeout_s)
        case "hand_over":
            endpoints.hand_over(Path(command.file))
        case unknown:
            raise SystemExit(f"many_endpoints: unknown command {unknown!r}")
    return done | {
        "now_ns": time.monotonic_ns(),
        "arrived": len(endpoints.arrivals),
        "delivered": len(endpoints.delivered),
        "connected": endpoints.connected,
    }


async def serve(certificate: Path | None) -> None:
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    endpoints = Endpoints()
    door = Door(endpoints, tls)
    await door.open()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    print(msgspec.json.encode({"port": door.port}).decode(), flush=True)
    decoder = msgspec.json.Decoder(_Command)
    while line := await reader.readline():
        done = await _obey(decoder.decode(line), endpoints, door)
        print(msgspec.json.encode(done).decode(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(serve(given.certificate))


if __name__ == "__main__":
    main()
