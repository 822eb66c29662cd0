"""Routes for aiohttp.

app.add_routes(webhook_routes("/webhooks", receiver))
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from angarium_receiver.answer import Answer
from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .body import CHUNK_BYTES, TOO_SLOW, BodyTooLarge, declared_too_large, read_chunks


def webhook_handler(receiver: Receiver) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the receiver what is sent to its URL."""

    async def handle(request: web.Request) -> web.Response:
        answer = await _answer(receiver, request)
        return web.Response(
            body=answer.body,
            status=answer.status,
            headers={"Content-Type": answer.content_type},
        )

    return handle


def webhook_routes(path: str, receiver: Receiver) -> list[web.RouteDef]:
    """The routes of a path: GET and HEAD are for handshakes."""
    handler = webhook_handler(receiver)
    return [web.post(path, handler), web.get(path, handler, allow_head=True)]


async def _answer(receiver: Receiver, request: web.Request) -> Answer:
    headers = {name.lower(): value for name, value in request.headers.items()}
    limit = receiver.body_bytes_max
    if declared_too_large(headers, limit):
        return receiver.too_large()
    try:
        async with asyncio.timeout(receiver.read_timeout_s):
            body = await read_chunks(request.content.iter_chunked(CHUNK_BYTES), limit)
    except BodyTooLarge:
        return receiver.too_large()
    except TimeoutError:
        return TOO_SLOW
    url = f"{request.scheme}://{request.host}{request.raw_path}"
    return await receiver.handle_async(WebhookRequest(request.method, url, headers, body))
