"""Client certificates (mTLS), what they keep apart, and what cannot be used."""

import asyncio
import ssl
from typing import Protocol

import pytest
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.domain.attempt_result import FailureReason, Unreachable
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from msgspec.structs import replace

from .receivers import (
    Behaviour,
    Certificates,
    MakeBehaviour,
    MakePost,
    MakeSender,
    Receiver,
    StartReceiver,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


_TLS_FAILED = {FailureReason.TLS_FAILED}


class MakeCertifiedSender(Protocol):
    def __call__(
        self, *, limits: SenderLimits | None = None
    ) -> tuple[WebhookSender, list[ssl.SSLContext]]: ...


@pytest.fixture
def subjects() -> list[str | None]:
    """The names that clients showed, one for each connection."""
    return []


@pytest.fixture
def answers(subjects: list[str | None]) -> MakeBehaviour:
    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            shown = writer.get_extra_info("peercert")
            subjects.append(
                dict(part[0] for part in shown["subject"])["commonName"] if shown else None
            )
            while True:
                await receiver.read_request(reader)
                writer.write(OK)

        return behave

    return make


@pytest.fixture
def make_certified_sender(
    make_sender: MakeSender, certificates: Certificates
) -> MakeCertifiedSender:
    """A sender that trusts the authority, and the list of contexts that it made."""

    def make(*, limits: SenderLimits | None = None) -> tuple[WebhookSender, list[ssl.SSLContext]]:
        made: list[ssl.SSLContext] = []

        def make_tls() -> ssl.SSLContext:
            made.append(context := client_tls_context(certificates.ca_file))
            return context

        sender = make_sender(
            tls=client_tls_context(certificates.ca_file),
            make_tls=make_tls,
            limits=limits or SenderLimits(),
        )
        return sender, made

    return make


async def test_each_endpoints_certificate_is_shown_and_connections_are_not_shared(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
    subjects: list[str | None],
) -> None:
    receiver = await receive(answers, ssl=certificates.server(asks_clients=True))
    sender, made = make_certified_sender()
    request = post(f"https://127.0.0.1:{receiver.port}/")
    one = replace(request, client_certificate=certificates.client("one"))
    two = replace(request, client_certificate=certificates.client("two"))
    outcomes = [await sender.send(each) for each in (one, two, one, two)]
    assert [outcome.response_status for outcome in outcomes] == [200] * 4
    assert [outcome.connection_reused for outcome in outcomes] == [False, False, True, True]
    assert subjects == ["one", "two"]
    assert len(made) == 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_without_the_certificate_that_the_endpoint_asks_for_nothing_is_delivered(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
    version: ssl.TLSVersion,
) -> None:
    server = certificates.server(asks_clients=True)
    server.maximum_version = version
    receiver = await receive(answers, ssl=server)
    sender, _ = make_certified_sender()
    outcome = await sender.send(post(f"https://127.0.0.1:{receiver.port}/"))
    # With TLS 1.3 the client's handshake is over before the server can refuse; its reset may
    # then overtake its alert.
    reasons = {FailureReason.TLS_FAILED, FailureReason.CONNECTION_RESET}
    assert outcome.reason in (reasons if version is ssl.TLSVersion.TLSv1_3 else _TLS_FAILED)
    assert receiver.requests == []


async def test_many_attempts_at_once_make_one_context(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
    subjects: list[str | None],
) -> None:
    receiver = await receive(answers, ssl=certificates.server(asks_clients=True))
    sender, made = make_certified_sender()
    request = replace(
        post(f"https://127.0.0.1:{receiver.port}/"), client_certificate=certificates.client("one")
    )
    outcomes = await asyncio.gather(*(sender.send(request) for _ in range(8)))
    assert {outcome.response_status for outcome in outcomes} == {200}
    assert (len(made), set(subjects)) == (1, {"one"})


async def test_contexts_are_kept_within_their_bound(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
) -> None:
    receiver = await receive(answers, ssl=certificates.server(asks_clients=True))
    limits = SenderLimits(certificate_contexts_cached_max=2, kept_bytes_max=0)
    sender, made = make_certified_sender(limits=limits)
    request = post(f"https://127.0.0.1:{receiver.port}/")
    one, two, three = (
        replace(request, client_certificate=certificates.client(name)) for name in "123"
    )
    for each in (one, two, one, three, one, two):
        assert (await sender.send(each)).response_status == 200
    assert len(made) == 4
    assert sender.connections_idle == 0


def encrypted_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")
    )


async def test_a_certificate_that_cannot_be_used_is_called_so_and_not_repeated(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
) -> None:
    receiver = await receive(answers, ssl=certificates.server(asks_clients=True))
    sender, _ = make_certified_sender()
    good, other = certificates.client("one"), certificates.client("two")
    only_certificate = good[: good.rindex(b"-----BEGIN")]
    other_key = other[other.rindex(b"-----BEGIN") :]
    for pem in (
        b"",
        b"secret nonsense",
        only_certificate,
        only_certificate + other_key,
        only_certificate + encrypted_key(),
        good + b"\n" * 70_000,
    ):
        request = replace(post(f"https://127.0.0.1:{receiver.port}/"), client_certificate=pem)
        outcome = await sender.send(request)
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is FailureReason.CLIENT_CERTIFICATE_UNUSABLE
        assert "secret" not in outcome.detail
    assert receiver.requests == []
    assert sender.connections_open == 0


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_tls_older_than_1_2_is_refused_in_the_handshake(
    receive: StartReceiver,
    make_certified_sender: MakeCertifiedSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
) -> None:
    server = certificates.server()
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = ssl.TLSVersion.TLSv1
    server.maximum_version = ssl.TLSVersion.TLSv1_1
    receiver = await receive(answers, ssl=server)
    sender, _ = make_certified_sender()
    outcome = await sender.send(post(f"https://127.0.0.1:{receiver.port}/"))
    assert outcome.reason is FailureReason.TLS_FAILED
    assert receiver.requests == []


async def test_ca_certificates_of_an_endpoint_are_the_only_trust_for_it(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    certificates: Certificates,
    answers: MakeBehaviour,
    subjects: list[str | None],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    receiver = await receive(answers, ssl=certificates.server(asks_clients=True))
    sender = make_sender()
    own = certificates.ca_file.read_bytes()
    other = Certificates(tmp_path_factory.mktemp("other")).ca_file.read_bytes()
    request = replace(
        post(f"https://127.0.0.1:{receiver.port}/"), client_certificate=certificates.client("one")
    )

    results = [await sender.send(replace(request, ca_certificates=ca)) for ca in (own, other, None)]

    untrusted = FailureReason.CERTIFICATE_NOT_TRUSTED
    assert [each.response_status for each in results] == [200, 0, 0]
    assert [each.reason for each in results] == [None, untrusted, untrusted]
    assert subjects == ["one"]
    broken = await sender.send(replace(request, ca_certificates=b"no PEM"))
    assert broken.reason is FailureReason.CA_CERTIFICATES_UNUSABLE
    # A sender's own trust does not count for an endpoint that names its CA.
    trusting = make_sender(tls=client_tls_context(certificates.ca_file))
    refused = await trusting.send(replace(request, ca_certificates=other))
    assert refused.reason is untrusted
