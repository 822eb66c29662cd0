"""The receiver as a WSGI application, and requests of WSGI, as Flask has them.

wsgiref.simple_server.make_server("127.0.0.1", 9000, WebhookApp(receiver))
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from angarium_receiver.answer import Answer
from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .body import BodyTooLarge, Readable, declared_too_large, read_stream

_WITHOUT_PREFIX = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}


class WebhookApp:
    """A WSGI application that answers every path. Bodies must have a Content-Length."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        """Answer one request."""
        stream = _Limited(environ["wsgi.input"], _content_length(environ))
        answer = answer_environ(self.receiver, environ, stream)
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
        ]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]


class _Limited:
    """A stream that ends with the body: that of a server may wait for more."""

    def __init__(self, stream: Readable, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int, /) -> bytes:
        read = self._stream.read(min(size, self._left))
        self._left -= len(read)
        return read


def _content_length(environ: Mapping[str, Any]) -> int:
    text = str(environ.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def answer_environ(receiver: Receiver, environ: Mapping[str, Any], stream: Readable) -> Answer:
    """The receiver's answer to a request; `stream` ends with the body."""
    headers = _headers(environ)
    if declared_too_large(headers, receiver.body_bytes_max):
        return receiver.too_large()
    try:
        body = read_stream(stream, receiver.body_bytes_max)
    except BodyTooLarge:
        return receiver.too_large()
    url = _url(environ, headers)
    return receiver.handle(WebhookRequest(environ["REQUEST_METHOD"], url, headers, body))


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name, header in _WITHOUT_PREFIX.items():
        if environ.get(name):
            headers[header] = str(environ[name])
    return headers


def _url(environ: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    host = headers.get("host") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    # gunicorn and Werkzeug give the target as it was sent, in RAW_URI, others in REQUEST_URI.
    target = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")
    if not target.startswith("/"):
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        query = environ.get("QUERY_STRING", "")
        target = quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~") + (query and f"?{query}")
    return f"{environ['wsgi.url_scheme']}://{host}{target}"
