"""Names, addresses and TLS: whom the sender talks to, and whom never."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import threading
from functools import partial
from pathlib import Path

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.own_addresses import OwnAddresses
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits
from angarium_worker.domain.attempt_result import FailureReason
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from .receivers import Behaviour, MakePost, MakeSender, Receiver, StartReceiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answers(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await receiver.read_request(reader)
            writer.write(OK)

    return behave


def server_context(
    folder: Path, *names: str, days: int = 1, common_name: str = "a test"
) -> ssl.SSLContext:
    """A self-signed certificate for these names; its file is `folder/certificate.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=3))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def _resolved(addresses: list[str], _host: str) -> list[str]:
    return addresses


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_https_to_a_name_sends_its_sni_and_host_and_keeps_the_connection(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, tmp_path: Path
) -> None:
    seen: list[str | None] = []
    context = server_context(tmp_path, "hooks.example")
    context.sni_callback = lambda _sock, name, _context: seen.append(name)
    receiver = await receive(answers, ssl=context)
    sender = make_sender(
        tls=client_tls_context(tmp_path / "certificate.pem"), lookup=lambda _: ["127.0.0.1"]
    )
    url = f"https://hooks.example:{receiver.port}/hook"
    first, second = await sender.send(post(url)), await sender.send(post(url))
    assert (first.response_status, second.response_status) == (200, 200)
    assert first.tls_s > 0
    assert second.connection_reused
    assert seen == ["hooks.example"]
    assert f"Host: hooks.example:{receiver.port}\r\n".encode() in receiver.requests[0]


async def test_https_to_an_address_checks_the_certificates_address(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, tmp_path: Path
) -> None:
    receiver = await receive(answers, ssl=server_context(tmp_path, "127.0.0.1"))
    sender = make_sender(tls=client_tls_context(tmp_path / "certificate.pem"))
    assert (await sender.send(post(f"https://127.0.0.1:{receiver.port}/"))).response_status == 200


@pytest.mark.parametrize(
    ("names", "days", "trusted"),
    [(["other.example"], 1, True), (["hooks.example"], -1, True), (["hooks.example"], 1, False)],
)
async def test_a_certificate_for_another_name_expired_or_unknown_is_not_trusted(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    tmp_path: Path,
    names: list[str],
    days: int,
    trusted: bool,
) -> None:
    receiver = await receive(answers, ssl=server_context(tmp_path, *names, days=days))
    tls = client_tls_context(tmp_path / "certificate.pem" if trusted else None)
    sender = make_sender(tls=tls, lookup=lambda _: ["127.0.0.1"])
    outcome = await sender.send(post(f"https://hooks.example:{receiver.port}/"))
    assert outcome.reason is FailureReason.CERTIFICATE_NOT_TRUSTED
    assert outcome.detail
    assert receiver.requests == []
    assert sender.connections_open == 0


async def test_tls_older_than_1_2_is_not_spoken(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, tmp_path: Path
) -> None:
    assert client_tls_context().minimum_version is ssl.TLSVersion.TLSv1_2


async def test_a_receiver_that_does_not_speak_tls_fails_the_handshake(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    def garbage(_receiver: Receiver) -> Behaviour:
        async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()

        return behave

    receiver = await receive(garbage)
    outcome = await make_sender().send(post(f"https://127.0.0.1:{receiver.port}/"))
    assert outcome.reason is FailureReason.TLS_FAILED
    assert outcome.detail == "the port does not speak TLS; check the URL's scheme and port"


async def test_a_certificate_that_has_its_name_only_as_common_name_is_not_trusted(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, tmp_path: Path
) -> None:
    context = server_context(tmp_path, common_name="hooks.example")
    receiver = await receive(answers, ssl=context)
    sender = make_sender(
        tls=client_tls_context(tmp_path / "certificate.pem"), lookup=lambda _: ["127.0.0.1"]
    )
    outcome = await sender.send(post(f"https://hooks.example:{receiver.port}/"))
    assert outcome.reason is FailureReason.CERTIFICATE_NOT_TRUSTED
    assert outcome.detail
    assert receiver.requests == []


async def test_a_receiver_that_hangs_up_or_hangs_in_the_handshake_fails_it(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    def hangs_up(_receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.read(1)

        return behave

    def hangs(_receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.read()

        return behave

    receiver = await receive(hangs_up, hangs)
    sender = make_sender()
    url = f"https://127.0.0.1:{receiver.port}/"
    assert (await sender.send(post(url))).reason is FailureReason.TLS_FAILED
    outcome = await sender.send(post(url, timeout_s=0.2))
    assert outcome.reason is FailureReason.TLS_TIMED_OUT
    assert outcome.duration_s > 0.18
    assert sender.attempts_under_way == 0


async def test_a_refused_connection_is_called_so(make_sender: MakeSender, post: MakePost) -> None:
    sender = make_sender()
    outcome = await sender.send(post(f"http://127.0.0.1:{closed_port()}/"))
    assert outcome.reason is FailureReason.CONNECTION_REFUSED
    assert outcome.detail == "Connection refused"
    assert sender.connections_open == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[fd00:ec2::254]", "[::]"]
)
async def test_an_address_that_is_not_allowed_is_never_dialled(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, host: str
) -> None:
    receiver = await receive(answers)
    sender = make_sender(rules=EgressRules())
    outcome = await sender.send(post(f"http://{host}:{receiver.port}/"))
    assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::ffff:127.0.0.1"]],
)
async def test_a_name_with_any_address_that_is_not_allowed_is_refused(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, addresses: list[str]
) -> None:
    receiver = await receive(answers)
    sender = make_sender(lookup=lambda _: addresses)
    with capture_logs() as logged:
        outcomes = [
            await sender.send(post(f"http://hooks.example:{receiver.port}/")) for _ in range(3)
        ]
    for outcome in outcomes:
        assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
        # The endpoint's owner chose the name, and does not learn what it leads to in here.
        assert outcome.detail.startswith("hooks.example;")
        assert not any(address in outcome.detail for address in ("10.0.0.1", "127.0.0.1", "::"))
    (told,) = logged
    assert (told["event"], told["host"]) == ("egress.address_refused", "hooks.example")
    assert told["address"] in addresses
    assert told["rule"].endswith((", private", ", IPv4-mapped"))
    assert receiver.connections == 0


async def test_the_address_that_was_checked_is_the_one_that_is_dialled(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    replies = iter([["127.0.0.1"], ["10.0.0.1"]])
    receiver = await receive(answers)
    sender = make_sender(lookup=lambda _: next(replies), limits=SenderLimits(name_lifetime_s=0.0))
    url = f"http://rebind.example:{receiver.port}/"
    assert (await sender.send(post(url))).response_status == 200
    assert (await sender.send(post(url))).connection_reused
    assert next(replies) == ["10.0.0.1"]


async def test_the_next_address_is_tried_when_one_refuses(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    sender = make_sender(lookup=lambda _: ["127.0.0.2", "127.0.0.1"])
    assert (
        await sender.send(post(f"http://hooks.example:{receiver.port}/"))
    ).response_status == 200


async def test_one_lookup_serves_all_who_wait_for_the_name_and_is_remembered(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    asked: list[str] = []
    release = threading.Event()

    def lookup(host: str) -> list[str]:
        asked.append(host)
        release.wait(5)
        return ["127.0.0.1"]

    receiver = await receive(answers)
    sender = make_sender(lookup=lookup)
    url = f"http://hooks.example:{receiver.port}/"
    async with asyncio.TaskGroup() as group:
        sends = [group.create_task(sender.send(post(url))) for _ in range(20)]
        await asyncio.sleep(0)
        release.set()
    assert {send.result().response_status for send in sends} == {200}
    assert asked == ["hooks.example"]


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), OSError(5, "x")]
)
async def test_a_name_that_is_not_found_is_called_so(
    make_sender: MakeSender, post: MakePost, error: OSError
) -> None:
    def lookup(_host: str) -> list[str]:
        raise error

    outcome = await make_sender(lookup=lookup).send(post("https://nowhere.example/"))
    assert outcome.reason is FailureReason.DNS_FAILED
    assert "nowhere.example" in outcome.detail


async def test_a_name_server_that_hangs_is_cut_off_at_the_deadline_and_others_go_on(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    release = threading.Event()

    def lookup(host: str) -> list[str]:
        if host == "dead.example":
            release.wait(10)
        return ["127.0.0.1"]

    receiver = await receive(answers)
    sender = make_sender(lookup=lookup)
    try:
        dead = asyncio.create_task(sender.send(post("http://dead.example/", timeout_s=0.3)))
        alive = await sender.send(post(f"http://alive.example:{receiver.port}/"))
        assert alive.response_status == 200
        assert not dead.done()
        assert (await dead).reason is FailureReason.DNS_TIMED_OUT
    finally:
        release.set()
    assert sender.connections_open == 1


async def test_the_systems_resolver_finds_localhost(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    assert (
        await make_sender().send(post(f"http://localhost:{receiver.port}/"))
    ).response_status == 200


async def test_a_connect_that_hangs_is_cut_off_at_the_deadline(
    make_sender: MakeSender, post: MakePost
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = []
        try:
            for _ in range(3):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
                fillers.append(filler)
            sender = make_sender()
            outcome = await sender.send(post(f"http://127.0.0.1:{port}/", timeout_s=0.3))
        finally:
            for filler in fillers:
                filler.close()
    assert outcome.reason is FailureReason.CONNECT_TIMED_OUT
    await sender.aclose()
    assert sender.connections_open == 0


async def test_a_host_without_an_answer_on_ipv6_is_reached_over_ipv4_and_the_reverse(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    for addresses in (["::1", "127.0.0.1"], ["127.0.0.2", "::1", "127.0.0.3", "127.0.0.1"]):
        sender = make_sender(lookup=partial(_resolved, addresses))
        outcome = await sender.send(post(f"http://hooks.example:{receiver.port}/"))
        assert outcome.response_status == 200


async def test_when_no_address_answers_the_reason_is_that_of_an_address(
    make_sender: MakeSender, post: MakePost
) -> None:
    sender = make_sender(lookup=lambda _: ["::1", "127.0.0.1", "127.0.0.2"])
    outcome = await sender.send(post(f"http://hooks.example:{closed_port()}/"))
    assert outcome.reason is FailureReason.CONNECTION_REFUSED
    assert outcome.detail == "Connection refused"
    assert sender.connections_open == 0


async def test_an_address_of_this_machine_is_never_dialled(
    make_sender: MakeSender, post: MakePost
) -> None:
    own = OwnAddresses(10, lambda: frozenset({ipaddress.ip_address("8.8.8.8")}))
    sender = make_sender(rules=EgressRules.parse(["0.0.0.0/0"]), own_addresses=own)
    outcome = await sender.send(post("http://8.8.8.8:9/"))
    assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
    assert outcome.detail == "8.8.8.8"


async def test_a_host_that_the_operator_denies_is_never_looked_up(
    make_sender: MakeSender, post: MakePost
) -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return []

    rules = EgressRules.parse(denied_hosts=["*.hooks.example"], denied_ports=["25"])
    sender = make_sender(rules=rules, lookup=lookup)
    for url in ("https://a.hooks.example/", "https://other.example:25/"):
        outcome = await sender.send(post(url))
        assert outcome.reason is FailureReason.DESTINATION_NOT_ALLOWED
        assert "operator" in outcome.detail
    assert asked == []
