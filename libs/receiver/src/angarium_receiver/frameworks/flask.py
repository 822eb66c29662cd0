"""A view for Flask.

app.add_url_rule("/webhooks", view_func=webhook_view(receiver), methods=METHODS)

Exempt it from CSRF protection where an extension adds that.
"""

from collections.abc import Callable

from flask import Response, request
from werkzeug.wsgi import get_input_stream

from angarium_receiver.receiver import Receiver

from .asgi import METHODS
from .wsgi import answer_environ

__all__ = ["METHODS", "webhook_view"]


def webhook_view(receiver: Receiver, name: str = "webhooks") -> Callable[[], Response]:
    """A view that gives the receiver what is sent to its URL; `name` is that of the endpoint."""

    def view() -> Response:
        # request.stream has the limits of the application.
        answer = answer_environ(receiver, request.environ, get_input_stream(request.environ))
        return Response(answer.body, answer.status, content_type=answer.content_type)

    view.__name__ = name
    return view
