"""The internal port: /live, /ready, /metrics, /version and /profile of one process."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import msgspec
import uvicorn

from .health import Readiness
from .http_server.bounded_protocol import BoundedHttpProtocol
from .http_server.connections import OpenConnections
from .http_server.limits import HttpLimits
from .http_server.tls_connection import TlsConnection
from .metrics.scrape import Scrape

type _Scope = MutableMapping[str, Any]
type _Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type _Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

type Profile = Callable[[str, str], Awaitable[tuple[int, str, bytes]]]
"""Answers /profile: takes the query and the header Accept; gives status, media type and body."""

DEFAULT_LIMITS = HttpLimits()


class About(msgspec.Struct, frozen=True):
    """A process as `/version` shows it; `schema` is the newest one that its code knows."""

    service: str
    version: str
    schema: str
    replica: str


async def profiling_is_off(_: str, __: str) -> tuple[int, str, bytes]:
    """The answer of /profile where nothing may be profiled."""
    detail = b"Profiling is off. Set ANGARIUM_PROFILING=true and start the process again."
    return 404, "application/json", b'{"detail":"%b"}' % detail


def internal_app(
    readiness: Readiness,
    scrape: Scrape | None = None,
    about: About | None = None,
    profile: Profile = profiling_is_off,
) -> Callable[[_Scope, _Receive, _Send], Awaitable[None]]:
    """The ASGI application of the internal port."""
    metrics = scrape or Scrape()

    async def app(scope: _Scope, _: _Receive, send: _Send) -> None:
        match scope["path"]:
            case "/live":
                answer = 200, "application/json", b'{"live":true}'
            case "/ready":
                answer = await _ready(readiness)
            case "/metrics":
                answer = (
                    200,
                    *await metrics.answer(
                        _header(scope, b"accept"),
                        _header(scope, b"x-prometheus-scrape-timeout-seconds"),
                    ),
                )
            case "/version":
                answer = 200, "application/json", msgspec.json.encode(about)
            case "/profile":
                query = scope["query_string"].decode("latin-1")
                answer = await profile(query, _header(scope, b"accept"))
            case _:
                answer = (
                    404,
                    "application/json",
                    b'{"detail":"/live, /ready, /metrics, /version, /profile"}',
                )
        await _send_answer(send, *answer)

    return app


def _header(scope: _Scope, name: bytes) -> str:
    value: bytes = dict(scope["headers"]).get(name, b"")
    return value.decode("latin-1")


async def _ready(readiness: Readiness) -> tuple[int, str, bytes]:
    problems = await readiness.problems()
    body = msgspec.json.encode({"ready": not problems, "problems": problems})
    return (503 if problems else 200), "application/json", body


async def _send_answer(send: _Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _QuietServer(uvicorn.Server):
    """Uvicorn without its ten wake-ups a second. It ends when it is cancelled."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await asyncio.Event().wait()


def bind(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 chooses a free port. Raises OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    listener.setblocking(False)
    return listener


async def serve_http(
    app: Any,
    listener: socket.socket,
    limits: HttpLimits = DEFAULT_LIMITS,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve an ASGI application until cancelled; then finish the open requests (10 s at most).

    Signals are handled by the process, not by Uvicorn.
    """
    connections = OpenConnections(limits)
    protocol: Any = partial(BoundedHttpProtocol, connections=connections)
    if tls is not None:
        protocol = partial(TlsConnection, http=protocol, context=tls, connections=connections)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        timeout_graceful_shutdown=10,
        backlog=2048,
        http=protocol,
        ws="none",
    )
    config.load()
    server = _QuietServer(config)
    server.lifespan = config.lifespan_class(config)
    try:
        await server.startup(sockets=[listener])
        await server.main_loop()
    finally:
        await server.shutdown(sockets=[listener])
