"""Every framework gives the receiver the raw request, on a real server."""

import base64
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse

import pytest
from angarium_receiver import Receiver
from angarium_receiver.senders import META, SQUARE
from angarium_receiver.standard_webhooks import sign

from .servers import BLOCKING, SERVED, Routes

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_800_000_000
BODY = b'{"type":"invoice.paid",  "amount":1, "name":"\xc3\xa4"}'
BODY_BYTES_MAX = 1000


@dataclass
class Served:
    """A served application, and what its handlers got."""

    name: str
    port: int
    handled: list[int] = field(default_factory=list)

    def send(
        self,
        method: str,
        target: str,
        body: bytes | Iterator[bytes] = b"",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Send one request; an iterator goes in chunks."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            try:
                chunked = not isinstance(body, bytes)
                connection.request(method, target, body, headers or {}, encode_chunked=chunked)
            except (BrokenPipeError, ConnectionResetError):
                pass  # A server may answer, and close, before it has the whole body.
            return _read(connection.getresponse())
        finally:
            connection.close()

    def post(self, body: bytes = BODY, webhook_id: str = "msg_1") -> tuple[int, bytes]:
        """Send a signed webhook."""
        return self.send("POST", "/webhooks", body, dict(sign(SECRET, webhook_id, NOW_S, body)))


def _read(response: HTTPResponse) -> tuple[int, bytes]:
    return response.status, response.read()


@dataclass
class Invoice:
    amount: int
    name: str


@pytest.fixture(scope="module", params=list(SERVED))
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    name = request.param
    make, serve = SERVED[name]
    served = Served(name, 0)
    receiver = Receiver(
        SECRET, clock=lambda: NOW_S, body_bytes_max=BODY_BYTES_MAX, read_timeout_s=0.3
    )

    @receiver.on("invoice.paid")
    def paid(invoice: Invoice) -> None:
        assert invoice.name == "ä"
        served.handled.append(invoice.amount)

    @receiver.on("broken")
    def broken() -> None:
        raise RuntimeError("the database is down")

    routes: Routes = {
        "/webhooks": receiver,
        "/square": Receiver(SECRET, sender=SQUARE),
        "/meta": Receiver(SECRET, sender=META, verify_token="token"),
    }
    with serve(make(routes)) as port:
        served.port = port
        yield served


def test_a_signed_webhook_reaches_its_handler_byte_for_byte(served: Served) -> None:
    before = len(served.handled)
    assert served.post() == (200, b"")
    assert served.handled[before:] == [1]


def test_what_was_changed_is_refused(served: Served) -> None:
    before = len(served.handled)
    headers = dict(sign(SECRET, "msg_1", NOW_S, BODY))
    status, body = served.send("POST", "/webhooks", json.dumps(json.loads(BODY)).encode(), headers)
    assert (status, json.loads(body)) == (401, {"error": "signature_mismatch"})
    status, body = served.send("POST", "/webhooks", BODY)
    assert (status, json.loads(body)) == (401, {"error": "missing_signature"})
    assert served.handled[before:] == []


def test_a_large_body_is_refused_declared_or_not(served: Served) -> None:
    large = b"x" * (BODY_BYTES_MAX + 1)
    assert served.post(large)[0] == 413
    status, _ = served.send("POST", "/webhooks", iter([large[:600], large[600:]]))
    assert status == 413
    fitting = b'{"type":"other"}'.ljust(BODY_BYTES_MAX)
    assert served.post(fitting)[0] == 200


def test_a_body_in_chunks_is_one_body(served: Served) -> None:
    headers = dict(sign(SECRET, "msg_1", NOW_S, BODY))
    chunks = iter([BODY[:5], BODY[5:]])
    assert served.send("POST", "/webhooks", chunks, headers)[0] == 200


def test_the_error_of_a_handler_is_answered_with_500(served: Served) -> None:
    assert served.post(b'{"type":"broken"}')[0] == 500


def test_the_url_is_what_the_sender_called(served: Served) -> None:
    target = "/square?a=b%20c&d=%2F"
    content = f"http://127.0.0.1:{served.port}{target}".encode() + BODY
    signature = base64.b64encode(hmac.digest(SECRET.encode(), content, "sha256")).decode()
    headers = {"x-square-hmacsha256-signature": signature}
    assert served.send("POST", target, BODY, headers)[0] == 200
    assert served.send("POST", "/square", BODY, headers)[0] == 401


def test_handshakes_and_head_are_answered(served: Served) -> None:
    query = "?hub.mode=subscribe&hub.challenge=12&hub.verify_token=token"
    assert served.send("GET", f"/meta{query}") == (200, b"12")
    assert served.send("GET", "/meta")[0] == 403
    assert served.send("HEAD", "/webhooks")[0] == 200
    assert served.send("GET", "/webhooks")[0] == 405
    assert served.send("PUT", "/webhooks")[0] == 405


# The others call the application once they have the whole body.
@pytest.mark.parametrize("served", [each for each in SERVED if each not in BLOCKING], indirect=True)
def test_a_body_that_does_not_come_is_not_waited_for(served: Served) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("POST", "/webhooks")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")
    assert _read(connection.getresponse())[0] == 408
    connection.close()
