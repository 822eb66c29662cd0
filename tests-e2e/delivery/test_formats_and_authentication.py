"""How deliveries look and authenticate, at receivers that read them with libraries of their own.

One receiver stands for the endpoint and for an OAuth server; secrets of the endpoints are canaries,
of which nothing may be found in logs, answers or databases.
"""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cloudevents.http import from_http
from standardwebhooks import Webhook
from svix.api import Svix, SvixOptions
from svix.models import EndpointIn, MessageIn

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252

CANARY = "canary-7d0a4c"
PAYLOAD = '{ "amount" : 4200.00 }'


class Received:
    """A request, as it came."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body


class EventReceiver:
    """Takes webhooks on /hook, and on /guarded only those with a current token of /token."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.asked: list[tuple[str, str]] = []
        self.tokens = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = receiver.answer(self.path, headers, body)
                receiver.received.append(Received(self.path, headers, body))
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_OPTIONS(self) -> None:
                origin = self.headers["webhook-request-origin"]
                receiver.asked.append((self.path, origin))
                self.send_response(200 if self.path == "/permitting" else 405)
                if self.path == "/permitting":
                    self.send_header("WebHook-Allowed-Origin", origin)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if path == "/refusing-token":
            return 401, json.dumps({"error": "invalid_client", "hint": CANARY}).encode()
        if path == "/token":
            pair = base64.b64decode(headers["authorization"].removeprefix("Basic "))
            form = parse_qs(body.decode())
            if pair != f"angarium:{CANARY}".encode() or form["scope"] != ["webhooks"]:
                return 400, b'{"error":"invalid_client"}'
            self.tokens += 1
            token = f"{CANARY}-{self.tokens}"
            granted = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
            return 200, json.dumps(granted).encode()
        if path == "/guarded" and headers.get("authorization") != f"Bearer {CANARY}-2":
            return 401, b"no"
        return 200, b"ok"

    def wait_for(self, path: str, count: int = 1) -> list[Received]:
        def came() -> list[Received] | None:
            found = [each for each in self.received if each.path == path]
            return found if len(found) >= count else None

        return until(came, 60.0, f"{count} requests to {path}")


@pytest.fixture
def events() -> Iterator[EventReceiver]:
    receiver = EventReceiver()
    yield receiver
    receiver.close()


def new_endpoint(api: httpx.Client, app: str, url: str, **members: Any) -> dict[str, Any]:
    created = api.post(f"{app}/endpoint", json={"url": url, **members})
    assert created.status_code == 201, created.text
    shown: dict[str, Any] = created.json()
    assert CANARY not in created.text
    assert CANARY not in api.get(f"{app}/endpoint/{shown['id']}").text
    assert CANARY not in api.get(f"{app}/endpoint").text
    return shown


def posted(api: httpx.Client, app: str) -> str:
    body = f'{{"eventType": "invoice.paid", "payload": {PAYLOAD}}}'
    answer = api.post(f"{app}/msg", content=body.encode())
    assert answer.status_code == 202, answer.text
    message_id: str = answer.json()["id"]
    return message_id


def verified(api: httpx.Client, app: str, endpoint: dict[str, Any], got: Received) -> None:
    """The signature is one over the bytes that came."""
    secret = api.get(f"{app}/endpoint/{endpoint['id']}/secret").json()["key"]
    Webhook(secret).verify(got.body.decode(), got.headers, json_parse=False)


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_cloudevents_receiver_reads_what_is_sent(
    api: httpx.Client, app: str, events: EventReceiver, mode: str
) -> None:
    source = "https://example.com/billing"
    endpoint = new_endpoint(
        api,
        app,
        f"{events.url}/hook",
        payloadFormat=f"cloudevents-{mode}",
        eventSource=source,
    )
    assert endpoint["payloadFormat"] == f"cloudevents-{mode}"
    message_id = posted(api, app)

    (got,) = events.wait_for("/hook")

    event = from_http(got.headers, got.body)
    assert (event["id"], event["type"], event["source"]) == (message_id, "invoice.paid", source)
    assert event.data == {"amount": 4200.0}
    assert PAYLOAD.encode() in got.body
    verified(api, app, endpoint, got)


def test_a_handshake_goes_before_the_first_webhook(
    api: httpx.Client, app: str, events: EventReceiver
) -> None:
    for path in ("/permitting", "/hook"):
        shown = new_endpoint(api, app, events.url + path, handshake=True)
        assert shown["handshake"] is True
    message_id = posted(api, app)

    events.wait_for("/permitting")

    def refused() -> Any:
        attempts = api.get(f"{app}/attempt/msg/{message_id}").json()["data"]
        return [each for each in attempts if each["status"] == 2] or None

    attempt = until(refused, 60.0, "the refusal is recorded")[0]
    assert attempt["failureReason"] == "handshake_refused"
    assert set(events.asked) == {("/permitting", "127.0.0.1"), ("/hook", "127.0.0.1")}
    assert {each.path for each in events.received} == {"/permitting"}


def test_a_retry_carries_the_same_bytes(api: httpx.Client, app: str, events: EventReceiver) -> None:
    new_endpoint(
        api,
        app,
        f"{events.url}/guarded",
        payloadFormat="envelope",
        authentication={"type": "bearer", "token": f"{CANARY}-9"},
    )
    message_id = posted(api, app)

    first, second, third = events.wait_for("/guarded", 3)

    assert first.body == second.body == third.body
    assert first.headers["authorization"] == f"Bearer {CANARY}-9"
    body = json.loads(first.body)
    assert (body["type"], body["id"], body["data"]) == (
        "invoice.paid",
        message_id,
        {"amount": 4200.0},
    )


def test_a_thin_event_leads_to_its_payload_until_that_is_deleted(
    api: httpx.Client, app: str, events: EventReceiver
) -> None:
    endpoint = new_endpoint(api, app, f"{events.url}/hook", payloadFormat="thin")
    message_id = posted(api, app)

    (got,) = events.wait_for("/hook")

    verified(api, app, endpoint, got)
    body = json.loads(got.body)
    assert (body["type"], body["id"]) == ("invoice.paid", message_id)
    assert "4200" not in got.body.decode()
    fetched = httpx.get(body["fetchUrl"], trust_env=False)
    assert (fetched.status_code, fetched.text) == (200, PAYLOAD)
    assert fetched.headers["content-type"] == "application/json"
    forged = httpx.get(body["fetchUrl"][:-2] + "AA", trust_env=False)
    assert forged.status_code == 404
    assert api.delete(f"{app}/msg/{message_id}/content").status_code == 204
    gone = httpx.get(body["fetchUrl"], trust_env=False)
    assert (gone.status_code, gone.json()["code"]) == (410, "payload_deleted")


def test_oauth_tokens_are_asked_for_renewed_on_401_and_kept_secret(
    api: httpx.Client, app: str, events: EventReceiver, platform: DevPlatform
) -> None:
    oauth = {
        "type": "oauth2",
        "tokenUrl": f"{events.url}/token",
        "clientId": "angarium",
        "clientSecret": CANARY,
        "scope": "webhooks",
    }
    shown = new_endpoint(api, app, f"{events.url}/guarded", authentication=oauth)
    assert shown["authentication"] == {
        name: value for name, value in oauth.items() if name != "clientSecret"
    }
    message_id = posted(api, app)

    first, second = events.wait_for("/guarded", 2)

    # The receiver refused the first token; the retry came with a new one.
    assert first.headers["authorization"] == f"Bearer {CANARY}-1"
    assert second.headers["authorization"] == f"Bearer {CANARY}-2"

    def delivered() -> Any:
        attempts = api.get(f"{app}/attempt/msg/{message_id}").json()["data"]
        return attempts if [each["status"] for each in attempts] == [0, 2] else None

    until(delivered, 60.0, "the second attempt is recorded")
    assert events.tokens == 2
    no_trace_of_the_canary(platform)


def test_a_refused_token_is_told_in_the_attempt_without_the_secret(
    api: httpx.Client, app: str, events: EventReceiver, platform: DevPlatform
) -> None:
    new_endpoint(
        api,
        app,
        f"{events.url}/hook",
        authentication={
            "type": "oauth2",
            "tokenUrl": f"{events.url}/refusing-token",
            "clientId": "angarium",
            "clientSecret": CANARY,
        },
    )
    message_id = posted(api, app)

    def attempted() -> Any:
        return api.get(f"{app}/attempt/msg/{message_id}").json()["data"] or None

    attempt = until(attempted, 60.0, "the attempt is recorded")[-1]
    assert attempt["failureReason"] == "oauth_token_refused"
    assert "answered 401" in attempt["response"]
    assert "invalid_client" in attempt["response"]
    assert CANARY not in json.dumps(attempt)
    assert not [each for each in events.received if each.path == "/hook"]
    no_trace_of_the_canary(platform)


def test_basic_authentication_beside_an_endpoint_of_the_official_sdk(
    api: httpx.Client, app: str, events: EventReceiver, platform: DevPlatform
) -> None:
    svix = Svix(platform.key, SvixOptions(server_url=platform.url))
    app_id = app.removeprefix("/app/")
    made = svix.endpoint.create(app_id, EndpointIn(url=f"{events.url}/hook"))
    changed = api.patch(
        f"{app}/endpoint/{made.id}",
        json={"authentication": {"type": "basic", "username": "u", "password": CANARY}},
    )
    assert changed.json()["authentication"] == {"type": "basic", "username": "u"}
    svix.message.create(app_id, MessageIn(event_type="invoice.paid", payload={"a": 1}))

    (got,) = events.wait_for("/hook")

    pair = base64.b64encode(f"u:{CANARY}".encode()).decode()
    assert got.headers["authorization"] == f"Basic {pair}"


def no_trace_of_the_canary(platform: DevPlatform) -> None:
    assert CANARY not in platform.logs() + platform.output()
    for service in ("gateway", "dispatcher", "worker"):
        path = platform.database_path(service)
        for each in sorted(path.parent.glob(f"{path.name}*")):
            assert CANARY.encode() not in each.read_bytes(), each
