"""A view for Django.

urlpatterns = [path("webhooks", webhook_view(receiver))]

Under ASGI, too, handlers are functions that are not async: Django runs them in its thread.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from angarium_receiver.receiver import Receiver
from angarium_receiver.request import WebhookRequest

from .body import TOO_SLOW, BodyTooLarge, declared_too_large, read_stream


def webhook_view(receiver: Receiver) -> Callable[[HttpRequest], HttpResponse]:
    """A view, without the check of CSRF tokens, that gives the receiver what is sent to its URL."""

    def view(request: HttpRequest) -> HttpResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if declared_too_large(headers, receiver.body_bytes_max):
            answer = receiver.too_large()
        else:
            try:
                body = read_stream(request, receiver.body_bytes_max)
            except BodyTooLarge:
                answer = receiver.too_large()
            except UnreadablePostError:
                answer = TOO_SLOW
            else:
                url = request.build_absolute_uri()
                answer = receiver.handle(WebhookRequest(request.method, url, headers, body))
        return HttpResponse(answer.body, content_type=answer.content_type, status=answer.status)

    exempt: Callable[[HttpRequest], HttpResponse] = csrf_exempt(view)
    return exempt
