"""One connection of the HTTP server without a socket: bytes in, bytes out."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, override

from angarium_chassis.http_server.bounded_protocol import BoundedHttpProtocol
from angarium_chassis.http_server.connections import OpenConnections
from angarium_chassis.http_server.limits import HttpLimits
from uvicorn import Config
from uvicorn.server import ServerState

type Event = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Event]]
type Send = Callable[[Event], Awaitable[None]]


class MemoryTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, host: str = "192.0.2.1") -> None:
        super().__init__()
        self.host = host
        self.written = b""
        self.closed = self.aborted = self.ended = self.paused = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def write_eof(self) -> None:
        self.ended = True

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": (self.host, 4711)}.get(name, default)

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.closed = self.aborted = True

    @override
    def pause_reading(self) -> None:
        self.paused = True

    @override
    def resume_reading(self) -> None:
        self.paused = False


class Echo:
    """Answers every request with its body, or at once with 401 where it reads none."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = reads
        self.requests: list[tuple[str, str, bytes, list[tuple[bytes, bytes]], bytes]] = []
        self.disconnected = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        body = b""
        more = self.reads
        while more:
            event = await receive()
            if event["type"] != "http.request":
                self.disconnected += 1
                return
            body += event["body"]
            more = event["more_body"]
        self.requests.append(
            (scope["method"], scope["path"], scope["query_string"], list(scope["headers"]), body)
        )
        await self.may_answer.wait()
        status = 200 if self.reads else 401
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Rig:
    """A port with connections to it."""

    def __init__(self, limits: HttpLimits | None = None, *, reads: bool = True) -> None:
        self.app = Echo(reads=reads)
        self.open = OpenConnections(limits or HttpLimits())
        http: Any = partial(BoundedHttpProtocol, connections=self.open)
        self.config = Config(
            self.app, lifespan="off", log_config=None, access_log=False, http=http, ws="none"
        )
        self.config.load()
        self.state = ServerState()

    def connect(self, host: str = "192.0.2.1") -> "Client":
        """A new connection from `host`."""
        transport = MemoryTransport(host)
        protocol = BoundedHttpProtocol(
            connections=self.open,
            config=self.config,
            server_state=self.state,
            app_state={},
            _loop=asyncio.get_running_loop(),
        )
        protocol.connection_made(transport)
        return Client(protocol, transport)


class Client:
    """The client's end of a connection."""

    def __init__(self, protocol: BoundedHttpProtocol, transport: MemoryTransport) -> None:
        self.protocol = protocol
        self.transport = transport

    async def send(self, *pieces: bytes) -> bytes:
        """Send pieces, each read on its own; everything that was answered so far."""
        for piece in pieces:
            if not self.transport.closed:
                self.protocol.data_received(piece)
            await asyncio.sleep(0)
        await self.settle()
        return self.transport.written

    async def settle(self) -> None:
        """Let the application and the held back writes finish."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> bytes:
        """The answer once the server's periodic check has run after so many seconds."""
        self.protocol.close_if_overdue(asyncio.get_running_loop().time() + seconds)
        await self.settle()
        return self.transport.written

    def lose(self) -> None:
        """The connection ends."""
        self.protocol.connection_lost(None)


def statuses(answers: bytes) -> list[int]:
    """The statuses of the answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]
