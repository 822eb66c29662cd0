"""The receiver as an ASGI application, which routes of Starlette, FastAPI and Litestar serve."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from angarium_receiver.answer import Answer
from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .body import TOO_SLOW, BodyTooLarge, declared_too_large, read_chunks

METHODS = ("GET", "HEAD", "POST")
"""GET and HEAD are for handshakes; others are refused."""

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]


class _Disconnected(Exception):
    """The sender is gone: nobody reads an answer."""


class WebhookApp:
    """An ASGI application that answers every path."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise TypeError(f"webhooks come over http, not {scope['type']}")
        try:
            answer = await self._answer(scope, receive)
        except _Disconnected:
            return
        await _send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = _headers(scope)
        limit = self.receiver.body_bytes_max
        if declared_too_large(headers, limit):
            return self.receiver.too_large()
        try:
            async with asyncio.timeout(self.receiver.read_timeout_s):
                body = await read_chunks(_chunks(receive), limit)
        except BodyTooLarge:
            return self.receiver.too_large()
        except TimeoutError:
            return TOO_SLOW
        request = WebhookRequest(scope["method"], _url(scope, headers), headers, body)
        return await self.receiver.handle_async(request)


async def _chunks(receive: Receive) -> Any:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _url(scope: Scope, headers: dict[str, str]) -> str:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    url = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}{path}"
    return f"{url}?{query}" if query else url


async def _send(answer: Answer, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.content_type.encode("latin-1")),
                (b"content-length", str(len(answer.body)).encode("ascii")),
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})
