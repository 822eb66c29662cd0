"""A view for Quart.

app.add_url_rule("/webhooks", view_func=webhook_view(receiver), methods=METHODS)
"""

import asyncio
from collections.abc import Awaitable, Callable

from quart import Response, request

from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .asgi import METHODS
from .body import TOO_SLOW, BodyTooLarge, declared_too_large, read_chunks

__all__ = ["METHODS", "webhook_view"]


def webhook_view(receiver: Receiver, name: str = "webhooks") -> Callable[[], Awaitable[Response]]:
    """A view that gives the receiver what is sent to its URL; `name` is that of the endpoint."""

    async def view() -> Response:
        headers = {key.lower(): value for key, value in request.headers.items()}
        limit = receiver.body_bytes_max
        if declared_too_large(headers, limit):
            answer = receiver.too_large()
        else:
            try:
                async with asyncio.timeout(receiver.read_timeout_s):
                    body = await read_chunks(request.body, limit)
            except BodyTooLarge:
                answer = receiver.too_large()
            except TimeoutError:
                answer = TOO_SLOW
            else:
                answer = await receiver.handle_async(
                    WebhookRequest(request.method, _url(headers), headers, body)
                )
        return Response(answer.body, answer.status, content_type=answer.content_type)

    view.__name__ = name
    return view


def _url(headers: dict[str, str]) -> str:
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    query = scope["query_string"].decode("latin-1")
    url = f"{request.scheme}://{headers.get('host', '')}{path}"
    return f"{url}?{query}" if query else url
