"""A platform for tests of producers: it accepts messages over HTTP, and records them."""

import json
import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from .deliveries import new_id

BODY_BYTES_MAX: Final = 1_048_576
MESSAGES_MAX: Final = 10_000
UNPROCESSABLE: Final = 422
"""The status whose detail is a list, which the SDKs read."""
_ACCEPT: Final = re.compile(r"/api/v1/app/([^/]+)/msg/?")


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message that was accepted."""

    application: str
    event_type: str
    payload: Any
    event_id: str | None = None
    channels: Sequence[str] = ()
    tags: Sequence[str] = ()
    idempotency_key: str | None = None
    id: str = field(default_factory=new_id)
    accepted_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def document(self) -> dict[str, Any]:
        """The message as the API returns it."""
        return {
            "id": self.id,
            "eventType": self.event_type,
            "eventId": self.event_id,
            "payload": self.payload,
            "channels": list(self.channels) or None,
            "tags": list(self.tags) or None,
            "timestamp": self.accepted_at.isoformat(),
        }


type _Answer = tuple[int, Mapping[str, Any]]


def _problem(status: int, code: str, detail: str) -> _Answer:
    if status == UNPROCESSABLE:
        return status, {"code": code, "detail": [{"loc": ["body"], "msg": detail, "type": code}]}
    return status, {"code": code, "detail": detail}


class FakePlatform:
    """Accepts `POST /api/v1/app/{app}/msg/` with any API key, and keeps what was posted.

    It knows `eventId` and `Idempotency-Key` as the platform does: a repeated key is answered as at
    first, and a repeated `eventId` with 409. Nothing is delivered. The last 10,000 messages are
    kept; a platform lives as long as a test.
    """

    def __init__(self) -> None:
        self.messages: list[PostedMessage] = []
        self._failures: deque[int] = deque()
        self._by_key: dict[tuple[str, str], tuple[bytes, PostedMessage]] = {}
        self._event_ids: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.platform = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The address, for `SvixOptions(server_url=…)`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, *statuses: int) -> None:
        """Answer the next requests with these statuses, in this order, and accept nothing."""
        with self._lock:
            self._failures.extend(statuses)

    def of_type(self, event_type: str) -> list[PostedMessage]:
        """The messages of a type."""
        return [each for each in self.messages if each.event_type == event_type]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        """The answer to a request; `headers` have names in lower case."""
        with self._lock:
            if self._failures:
                return _problem(self._failures.popleft(), "unavailable", "The test asked for it.")
            if not headers.get("authorization", "").startswith("Bearer "):
                return _problem(401, "authentication_failed", "The request has no bearer token.")
            found = _ACCEPT.fullmatch(urlsplit(path).path)
            if method != "POST" or found is None:
                return _problem(404, "not_found", "The fake platform only accepts messages.")
            return self._accept(unquote(found[1]), headers.get("idempotency-key"), body)

    def _accept(self, application: str, key: str | None, body: bytes) -> _Answer:
        if key is not None and (application, key) in self._by_key:
            first_body, message = self._by_key[application, key]
            if first_body != body:
                detail = "The Idempotency-Key was used with another body."
                return _problem(422, "idempotency_key_reused", detail)
            return 202, message.document()
        read = _read(application, key, body)
        if not isinstance(read, PostedMessage):
            return read
        if read.event_id is not None:
            if (application, read.event_id) in self._event_ids:
                return _problem(409, "event_exists", f"eventId {read.event_id} exists already.")
            self._event_ids.add((application, read.event_id))
        if key is not None:
            self._by_key[application, key] = (body, read)
        self.messages.append(read)
        del self.messages[:-MESSAGES_MAX]
        return 202, read.document()


def _read(application: str, key: str | None, body: bytes) -> PostedMessage | _Answer:
    try:
        given = json.loads(body)
    except ValueError:
        return _problem(422, "invalid_body", "The body is not JSON.")
    if not isinstance(given, dict):
        return _problem(422, "invalid_body", "The body is not an object.")
    event_type = given.get("eventType")
    if not isinstance(event_type, str) or "payload" not in given:
        return _problem(422, "invalid_body", "A message has eventType and payload.")
    return PostedMessage(
        application=application,
        event_type=event_type,
        payload=given["payload"],
        event_id=given.get("eventId"),
        channels=given.get("channels") or (),
        tags=given.get("tags") or (),
        idempotency_key=key,
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    platform: FakePlatform


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Accept a message, or say why not."""
        length = int(self.headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(*_problem(413, "payload_too_large", "The body is too large."))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        self._send(*self.server.platform.answer(self.command, self.path, headers, body))

    do_GET = do_POST  # noqa: N815 the name that http.server calls

    def _send(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the test has the messages."""
