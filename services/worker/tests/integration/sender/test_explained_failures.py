"""Failures of real receivers, from the connection to the explanation of the stored row."""

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from angarium_contracts.attempts import AttemptStatus, Explanation
from angarium_signing import SigningSecret, VerificationError, verify
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.http_heads import NO_RESPONSE, read_response_head
from angarium_worker.adapters.database.attempt_explanations import explanation_of
from angarium_worker.adapters.database.exchange_column import exchange_column, exchange_of
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookDestination
from angarium_worker.application.destinations.destination import (
    DestinationOptions,
    OutgoingDelivery,
)
from angarium_worker.domain.attempt_result import AttemptResult

from .receivers import Behaviour, MakeBehaviour, MakePost, MakeSender, Receiver, StartReceiver

NAME = "shop.hooks.example"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
LOOPBACK = EgressRules.parse(["127.0.0.0/8", "::1/128"])


def explained(url: str, result: AttemptResult) -> Explanation:
    """The explanation of the row that the result becomes."""
    exchange = None if result.exchange is None else exchange_of(exchange_column(result.exchange))
    head = NO_RESPONSE if exchange is None else read_response_head(exchange.response)
    row = SimpleNamespace(
        status=int(AttemptStatus.FAIL),
        url=url,
        failure=result.failure,
        response_status=result.response_status,
    )
    explanation = explanation_of(row, exchange, head, body=result.response, with_content=True)
    assert explanation is not None
    return explanation


def shown(explanation: Explanation) -> dict[str, str]:
    return {each.name: each.value for each in explanation.evidence}


def behaving(
    *parts: bytes, reads: bool = True, waits: bool = False, resets: bool = False
) -> MakeBehaviour:
    """Read a request unless told not to, write these bytes, and then wait, reset or close."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if reads:
                await receiver.read_request(reader)
            for part in parts:
                writer.write(part)
                await writer.drain()
            if waits:
                await asyncio.Event().wait()
            if resets:
                linger = struct.pack("ii", 1, 0)
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()

        return behave

    return make


class Authority:
    """An authority that senders trust, and servers with certificates of all kinds."""

    def __init__(self, folder: Path) -> None:
        self.trusted = trustme.CA()
        self.file = folder / "trusted.pem"
        self.trusted.cert_pem.write_to_path(self.file)

    def server(
        self, issued: trustme.LeafCert, *, leaf_only: bool = False, asks: bool = False
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if leaf_only:
            chain = issued.cert_chain_pems[0].bytes() + issued.private_key_pem.bytes()
            path = self.file.with_name("leaf.pem")
            path.write_bytes(chain)
            context.load_cert_chain(path)
        else:
            issued.configure_cert(context)
        if asks:
            self.trusted.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@contextlib.contextmanager
def serving_with_alerts(context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server that says why it ends a handshake: event loops swallow the alert."""

    def serve() -> None:
        connected, _ = listener.accept()
        connected.settimeout(5)
        with connected, contextlib.suppress(OSError):
            shaken = context.wrap_socket(
                connected.dup(), server_side=True, do_handshake_on_connect=False
            )
            with contextlib.suppress(ssl.SSLError):
                shaken.do_handshake()
                shaken.recv(1)
            raw = socket.socket(fileno=shaken.detach())
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4_096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def expired(authority: Authority) -> ssl.SSLContext:
    return authority.server(
        authority.trusted.issue_cert(NAME, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    )


def not_yet_valid(authority: Authority) -> ssl.SSLContext:
    return authority.server(
        authority.trusted.issue_cert(NAME, not_before=NOW + DAY, not_after=NOW + 9 * DAY)
    )


def wrong_name(authority: Authority) -> ssl.SSLContext:
    return authority.server(authority.trusted.issue_cert("a.example", "*.b.example"))


def without_intermediate(authority: Authority) -> ssl.SSLContext:
    issued = authority.trusted.create_child_ca().issue_cert(NAME)
    return authority.server(issued, leaf_only=True)


def of_another_authority(authority: Authority) -> ssl.SSLContext:
    issued = trustme.CA().create_child_ca().issue_cert(NAME)
    return authority.server(issued)


def asks_for_a_certificate(authority: Authority) -> ssl.SSLContext:
    return authority.server(authority.trusted.issue_cert(NAME), asks=True)


def old_versions(authority: Authority) -> ssl.SSLContext:
    context = authority.server(authority.trusted.issue_cert(NAME))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("make_server", "code", "evidence"),
    [
        (expired, "tls_certificate_expired", {"Valid until": f"{NOW - DAY:%Y-%m-%d}"}),
        (not_yet_valid, "tls_certificate_not_yet_valid", {"Valid from": f"{NOW + DAY:%Y-%m-%d}"}),
        (wrong_name, "tls_certificate_wrong_name", {"Certificate names": "a.example, *.b.example"}),
        (
            without_intermediate,
            "tls_chain_incomplete",
            {"Certificates sent": "1", "Missing issuer": "trustme"},
        ),
        (of_another_authority, "tls_authority_unknown", {"Missing issuer": "trustme"}),
    ],
)
async def test_tls_as_real_servers_fail_it(
    make_server: Callable[[Authority], ssl.SSLContext],
    code: str,
    evidence: dict[str, str],
    authority: Authority,
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
) -> None:
    receiver = await receive(behaving(), ssl=make_server(authority))
    sender = make_sender(tls=client_tls_context(authority.file), lookup=lambda _: ["127.0.0.1"])
    url = f"https://{NAME}:{receiver.port}/hook"
    explanation = explained(url, await sender.send(post(url)))
    assert explanation.code == code
    found = shown(explanation)
    for name, part in evidence.items():
        assert part in found[name]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("make_server", "code", "error"),
    [
        (asks_for_a_certificate, "tls_client_certificate_required", "CERTIFICATE_REQUIRED"),
        (old_versions, "tls_version_too_old", "PROTOCOL"),
    ],
)
async def test_tls_that_the_server_ends_with_an_alert(
    make_server: Callable[[Authority], ssl.SSLContext],
    code: str,
    error: str,
    authority: Authority,
    make_sender: MakeSender,
    post: MakePost,
) -> None:
    sender = make_sender(tls=client_tls_context(authority.file), lookup=lambda _: ["127.0.0.1"])
    with serving_with_alerts(make_server(authority)) as port:
        url = f"https://{NAME}:{port}/hook"
        explanation = explained(url, await sender.send(post(url)))
    assert explanation.code == code
    assert error in shown(explanation)["TLS error"]


async def test_a_self_signed_certificate(
    tmp_path: Path, authority: Authority, receive: StartReceiver, make_sender: MakeSender,
    post: MakePost,
) -> None:  # fmt: skip
    own = trustme.CA()
    path = tmp_path / "own.pem"
    path.write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    receiver = await receive(behaving(), ssl=context)
    sender = make_sender(tls=client_tls_context(authority.file), lookup=lambda _: ["127.0.0.1"])
    url = f"https://{NAME}:{receiver.port}/hook"
    assert explained(url, await sender.send(post(url))).code == "tls_certificate_self_signed"


async def test_http_where_tls_is_spoken_and_the_other_way_round(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    plain = await receive(behaving(b"HTTP/1.1 400 Bad Request\r\n\r\n", reads=False))
    secure = await receive(behaving(b"\x15\x03\x01\x00\x02\x02\x46"))
    sender = make_sender()
    for url, code in (
        (f"https://127.0.0.1:{plain.port}/", "tls_not_spoken"),
        (f"http://127.0.0.1:{secure.port}/", "port_speaks_tls"),
    ):
        assert explained(url, await sender.send(post(url))).code == code


def _no_name(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _no_data(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")


def _server_failed(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("lookup", "code"),
    [
        (_no_name, "name_not_found"),
        (_no_data, "name_has_no_address"),
        (_server_failed, "name_server_failed"),
        (lambda _: [], "name_has_no_address"),
        (lambda _: [f"127.0.0.{n}" for n in range(1, 80)], "name_has_too_many_addresses"),
        (lambda _: ["10.0.0.1"], "address_not_allowed"),
        (lambda _: ["127.0.0.1"], "connection_refused"),
    ],
)
async def test_names_and_addresses(
    lookup: Callable[[str], list[str]],
    code: str,
    make_sender: MakeSender,
    post: MakePost,
    unused_tcp_port: int,
) -> None:
    url = f"http://{NAME}:{unused_tcp_port}/"
    explanation = explained(url, await make_sender(lookup=lookup).send(post(url)))
    assert explanation.code == code
    assert NAME in explanation.cause


async def test_a_destination_that_the_operator_does_not_allow(
    make_sender: MakeSender, post: MakePost
) -> None:
    rules = EgressRules.parse(["127.0.0.0/8"], allowed_ports=["443"])
    url = "http://127.0.0.1:8080/"
    explanation = explained(url, await make_sender(rules=rules).send(post(url)))
    assert (explanation.code, explanation.remedy_by) == ("destination_not_allowed", "operator")


LONG_HEAD = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (behaving(resets=True), "connection_reset_after_request"),
        (behaving(b"HTTP/1.1 200 OK\r\nA: b", resets=True), "connection_reset_within_response"),
        (behaving(), "connection_closed_without_response"),
        (behaving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno"), "response_incomplete"),
        (behaving(waits=True), "response_timed_out"),
        (behaving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno", waits=True),
         "response_body_timed_out"),
        (behaving(b"SSH-2.0-OpenSSH_9.9\r\n"), "response_not_http"),
        (behaving(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"), "response_malformed"),
        (behaving(LONG_HEAD), "response_head_too_long"),
        (behaving(b"HTTP/1.1 101 X\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"),
         "response_switches_protocol"),
        (behaving(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9), "response_interim_invalid"),
        (behaving(b"HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
         "redirect_not_followed"),
        (behaving(b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"),
         "too_many_requests"),
        (behaving(b"HTTP/1.1 502 Bad\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"),
         "nginx_bad_gateway"),
        (behaving(b"HTTP/1.1 403 No\r\ncf-mitigated: challenge\r\nContent-Length: 0\r\n\r\n"),
         "bot_protection"),
        (behaving(b"HTTP/1.1 400 No\r\nwebhook-delivery: disable\r\nContent-Length: 0\r\n\r\n"),
         "disabled_by_receiver"),
    ],
)  # fmt: skip
async def test_exchanges_as_real_receivers_fail_them(
    behaviour: MakeBehaviour,
    code: str,
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
) -> None:
    receiver = await receive(behaviour)
    result = await make_sender().send(post(receiver.url, timeout_s=0.4))
    assert explained(receiver.url, result).code == code


async def test_a_receiver_that_does_not_read_the_request(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(behaving(reads=False, waits=True))
    result = await make_sender().send(post(receiver.url, timeout_s=0.4, body=b"x" * 20_000_000))
    assert explained(receiver.url, result).code == "request_write_timed_out"


async def test_bytes_that_come_before_the_request_are_shown(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    """The bytes may come before or after the request was written; both are told with the bytes."""
    receiver = await receive(behaving(b"220 mail.example ESMTP\r\n", reads=False, waits=True))
    result = await make_sender().send(post(receiver.url, timeout_s=0.4))
    explanation = explained(receiver.url, result)
    assert explanation.code in {"response_before_request", "response_not_http"}
    assert shown(explanation)["Bytes seen"].startswith("220 mail.example")


def rewriting(status: int, answer: Callable[[bytes, bytes], bytes]) -> MakeBehaviour:
    """A receiver that parses the body, writes it again, and verifies what it wrote. `answer` makes
    its refusal of the body that came and the one that it wrote."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await receiver.read_request(reader)
            head, _, body = request.partition(b"\r\n\r\n")
            lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
            headers = {line[0]: line[1] for line in lines}
            written = json.dumps(json.loads(body), separators=(",", ":")).encode()
            now_s = int(headers["webhook-timestamp"])
            secrets = [SigningSecret.parse(SECRET)]
            verify(headers, body, secrets, now_s)
            with pytest.raises(VerificationError):
                verify(headers, written, secrets, now_s)
            text = answer(body, written)
            start = f"HTTP/1.1 {status} No\r\nContent-Length: {len(text)}\r\n\r\n"
            writer.write(start.encode() + text)
            await writer.drain()

        return behave

    return make


@pytest.mark.parametrize("quotes", [True, False])
async def test_a_receiver_that_verifies_a_body_that_it_wrote_again(
    quotes: bool, receive: StartReceiver, make_sender: MakeSender
) -> None:
    def answer(body: bytes, written: bytes) -> bytes:
        if quotes:
            return json.dumps({"error": "bad signature", "body": written.decode()}).encode()
        prefix = f"msg_1.{1_700_000_000}.".encode()
        computed = SigningSecret.parse(SECRET).sign_content(prefix, written)
        return f"computed {computed}".encode()

    receiver = await receive(rewriting(401, answer))
    destination = WebhookDestination(make_sender())
    prepared = destination.prepare(DestinationOptions(receiver.url, (SECRET,)))
    body = b'{"amount": 4200, "currency": "eur"}'
    delivery = OutgoingDelivery("msg_1", "a", body, None, 1_700_000_000, 1, 5.0)
    done: asyncio.Future[AttemptResult] = asyncio.get_running_loop().create_future()
    destination.submit(prepared, delivery, done.set_result)

    explanation = explained(receiver.url, await done)

    assert explanation.code == "signature_body_rewritten"
    found = shown(explanation)
    assert found["Body sent"] == body.decode()
    assert found["Body that the receiver checked"] == '{"amount":4200,"currency":"eur"}'
    assert found["Written again as"] == "JSON without spaces"


async def test_no_free_connection_is_ours_to_explain(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, small_limits: SenderLimits
) -> None:
    receiver = await receive(behaving(waits=True))
    sender = make_sender(limits=small_limits)
    results = await asyncio.gather(
        *[sender.send(post(receiver.url, timeout_s=1.5)) for _ in range(6)]
    )
    codes = {explained(receiver.url, each).code for each in results}
    assert codes == {"response_timed_out", "no_free_connection"}
