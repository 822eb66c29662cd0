"""A route for Starlette and FastAPI.

app.router.routes.append(webhook_route("/webhooks", receiver))
"""

from starlette.routing import Route

from angarium_receiver.receiver import Receiver

from .asgi import METHODS, WebhookApp


def webhook_route(path: str, receiver: Receiver) -> Route:
    """A route that gives the receiver what is sent to the path."""
    return Route(path, WebhookApp(receiver), methods=list(METHODS), include_in_schema=False)
