"""Requests of WSGI, as Flask has them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from angarium_receiver.answer import Answer
from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .body import BodyTooLarge, Readable, declared_too_large, read_stream

_WITHOUT_PREFIX = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}


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
