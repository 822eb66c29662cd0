"""A route handler for Litestar.

app = Litestar([webhook_route("/webhooks", receiver)])
"""

from litestar.handlers import ASGIRouteHandler, asgi
from litestar.types import Receive, Scope, Send

from angarium_receiver.receiver import Receiver

from .asgi import WebhookApp


def webhook_route(path: str, receiver: Receiver) -> ASGIRouteHandler:
    """A route handler that gives the receiver what is sent to the path."""
    app = WebhookApp(receiver)

    async def receive_webhook(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)  # type: ignore[arg-type]  # Litestar's own names for ASGI

    return asgi(path, copy_scope=True)(receive_webhook)
