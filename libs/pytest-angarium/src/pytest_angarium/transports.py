"""How deliveries reach the application: called as WSGI or ASGI application, or sent to a URL."""

import asyncio
import inspect
import io
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from .deliveries import Delivery

TIMEOUT_S = 30
CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Response:
    """The application's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def accepted(self) -> bool:
        """True for a 2xx: a platform does not send the webhook again."""
        return 200 <= self.status < 300


class Transport(Protocol):
    """Brings one delivery to the application."""

    def send(self, delivery: Delivery) -> Response: ...

    async def send_async(self, delivery: Delivery) -> Response: ...


def transport_to(target: Any, path: str) -> Transport:
    """The transport to an application, or to a URL that may end in the path of the route."""
    if isinstance(target, str):
        return UrlTransport(
            f"{target.rstrip('/')}{path}" if urlsplit(target).path in "/" else target
        )
    if inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(type(target).__call__):
        return AsgiTransport(target, path)
    if callable(target):
        return WsgiTransport(target, path)
    raise TypeError(
        f"{target!r} is no WSGI or ASGI application: give the URL at which it is served"
    )


class UrlTransport:
    """Sends over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, delivery: Delivery) -> Response:
        """POST, and read the response."""
        request = urllib.request.Request(  # noqa: S310 the URL is that of the test
            self.url, delivery.body, dict(delivery.headers), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                return Response(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, dict(error.headers), error.read())

    async def send_async(self, delivery: Delivery) -> Response:
        """As `send`, in a thread."""
        return await asyncio.to_thread(self.send, delivery)


class WsgiTransport:
    """Calls a WSGI application."""

    def __init__(self, app: Callable[..., Iterable[bytes]], path: str) -> None:
        self._app = app
        self._path = path

    def send(self, delivery: Delivery) -> Response:
        """Call the application once."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], None]:
            started.append((status, headers))
            return written.extend

        written = bytearray()
        chunks = self._app(self._environ(delivery), start_response)
        try:
            for chunk in chunks:
                written += chunk
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        return Response(int(status.split(" ")[0]), dict(headers), bytes(written))

    async def send_async(self, delivery: Delivery) -> Response:
        """As `send`, in a thread."""
        return await asyncio.to_thread(self.send, delivery)

    def _environ(self, delivery: Delivery) -> dict[str, Any]:
        parts = urlsplit(self._path)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(delivery.body)),
            "HTTP_HOST": "testserver",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(delivery.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in delivery.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ


class AsgiTransport:
    """Calls an ASGI application, without its lifespan."""

    def __init__(self, app: Callable[..., Any], path: str) -> None:
        self._app = app
        self._path = path

    def send(self, delivery: Delivery) -> Response:
        """As `send_async`, in a loop and a thread of its own."""
        responses: list[Response] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                responses.append(asyncio.run(self.send_async(delivery)))
            except BaseException as error:  # noqa: BLE001 raised again in the thread of the test
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return responses[0]

    async def send_async(self, delivery: Delivery) -> Response:
        """Call the application once."""
        unsent = [
            delivery.body[start : start + CHUNK_BYTES]
            for start in range(0, len(delivery.body), CHUNK_BYTES)
        ] or [b""]
        answered = asyncio.Event()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not unsent:
                await answered.wait()
                return {"type": "http.disconnect"}
            chunk = unsent.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(unsent)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self._app(self._scope(delivery), receive, send)
        start = next(each for each in sent if each["type"] == "http.response.start")
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        body = b"".join(each.get("body", b"") for each in sent if each is not start)
        return Response(start["status"], headers, body)

    def _scope(self, delivery: Delivery) -> dict[str, Any]:
        parts = urlsplit(self._path)
        headers = {**delivery.headers, "content-length": str(len(delivery.body))}
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode("ascii"),
            "query_string": parts.query.encode("ascii"),
            "root_path": "",
            "headers": [
                (b"host", b"testserver"),
                *((name.lower().encode(), value.encode()) for name, value in headers.items()),
            ],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
            "state": {},
        }
