"""The sender's deliveries reach applications, and are what they say."""

from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import svix.webhooks
from angarium_receiver import Event, Receiver
from angarium_receiver.frameworks.asgi import WebhookApp
from angarium_receiver.frameworks.wsgi import answer_environ
from pytest_angarium import Delivery
from pytest_angarium.plugin import NewAsyncWebhookSender, NewWebhookSender

BODY_BYTES_MAX = 100_000


class Application:
    """A receiver, and what its handlers got."""

    def __init__(self, secret: str) -> None:
        self.events: list[Event] = []
        self.receiver = Receiver(secret, body_bytes_max=BODY_BYTES_MAX)

        @self.receiver.on("*")
        def handle(event: Event) -> None:
            self.events.append(event)

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = answer_environ(self.receiver, environ, environ["wsgi.input"])
        start_response(f"{answer.status} -", [("Content-Type", answer.content_type)])
        return [answer.body]

    @property
    def asgi(self) -> WebhookApp:
        return WebhookApp(self.receiver)


@pytest.fixture
def application(webhook_secret: str) -> Application:
    return Application(webhook_secret)


@pytest.fixture(params=["wsgi", "asgi"])
def app(request: pytest.FixtureRequest, application: Application) -> Any:
    return getattr(application, request.param)


PAYLOAD = {"type": "invoice.paid", "amount": 1}


def test_what_is_sent_is_verified_and_handled(
    webhook_sender: NewWebhookSender, app: Any, application: Application
) -> None:
    sender = webhook_sender(app)
    response = sender.send(PAYLOAD, webhook_id="msg_1")
    assert (response.status, response.accepted) == (200, True)
    (event,) = application.events
    assert (event.id, event.type, event.json()) == ("msg_1", "invoice.paid", PAYLOAD)
    assert event.request.url == "http://testserver/webhooks"


def test_a_duplicate_has_one_id_and_order_is_the_opposite(
    webhook_sender: NewWebhookSender, app: Any, application: Application
) -> None:
    sender = webhook_sender(app, path="/a%20b?c=d")
    assert [each.status for each in sender.duplicated(PAYLOAD, times=3)] == [200, 200, 200]
    assert len({each.id for each in application.events}) == 1
    application.events.clear()
    sender.reordered([{"number": 1}, {"number": 2}, {"number": 3}])
    assert [each.json()["number"] for each in application.events] == [3, 2, 1]
    assert len({each.id for each in application.events}) == 3
    assert application.events[0].request.url == "http://testserver/a%20b?c=d"


def test_what_an_application_should_refuse_is_wrong_in_one_way(
    webhook_sender: NewWebhookSender, app: Any, application: Application
) -> None:
    sender = webhook_sender(app)
    refused = {
        "timestamp_out_of_tolerance": sender.late(PAYLOAD),
        "signature_mismatch": sender.tampered(PAYLOAD),
        "missing_signature": sender.unsigned(PAYLOAD),
    }
    for code, response in refused.items():
        assert response.status == 401
        assert code in response.body.decode()
    assert sender.oversized(BODY_BYTES_MAX + 1).status == 413
    assert sender.tampered(b"").status == 401
    assert application.events == []
    assert sender.oversized(BODY_BYTES_MAX).status == 200
    assert sender.late(PAYLOAD, age_s=10).status == 200


async def test_an_async_test_sends_in_its_own_loop(
    async_webhook_sender: NewAsyncWebhookSender, app: Any, application: Application
) -> None:
    sender = async_webhook_sender(app)
    assert (await sender.send(PAYLOAD)).status == 200
    assert [each.status for each in await sender.duplicated(PAYLOAD)] == [200, 200]
    assert [each.status for each in await sender.reordered([PAYLOAD])] == [200]
    for refused in (sender.late, sender.tampered, sender.unsigned):
        assert (await refused(PAYLOAD)).status == 401
    assert (await sender.oversized()).status == 413
    assert len(application.events) == 4


def test_a_url_is_sent_to_over_http(webhook_sender: NewWebhookSender, webhook_secret: str) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                svix.webhooks.Webhook(webhook_secret).verify(
                    body,
                    {name.replace("webhook-", "svix-"): text for name, text in _lower(self)},
                )
            except svix.webhooks.WebhookVerificationError:
                self.send_response(401)
            else:
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert webhook_sender(url).send(PAYLOAD).status == 204
        assert webhook_sender(f"{url}/other").tampered(PAYLOAD).status == 401
        server.shutdown()
        thread.join()
    assert asked == ["/webhooks", "/other"]


def _lower(handler: BaseHTTPRequestHandler) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in handler.headers.items()]


def test_the_error_of_an_application_reaches_the_test(webhook_sender: NewWebhookSender) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="no database"):
        webhook_sender(broken).send(PAYLOAD)
    with pytest.raises(TypeError, match="URL"):
        webhook_sender(1)


def test_a_delivery_shows_no_payload_when_a_test_fails() -> None:
    assert "4242" not in repr(Delivery({}, b"4242"))
