"""AWS SNS and PayPal are verified by certificates that are fetched from them only."""

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from angarium_receiver import (
    CertificateUnavailable,
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    SignatureMismatch,
    UntrustedCertificate,
    VerificationError,
    WebhookRequest,
)
from angarium_receiver.certificates import KEPT_MAX, KEPT_S, CertificateCache, fetch_https
from angarium_receiver.schemes.aws_sns import SnsScheme
from angarium_receiver.schemes.paypal import PayPalScheme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from paypalrestsdk.notifications import WebhookEvent

# https://github.com/aws/aws-php-sns-message-validator/blob/master/tests/FunctionalValidationsTest.php
# has real messages of Amazon, and the certificate of the time.
_PUBLISHED = json.loads(Path(__file__).with_name("sns_messages.json").read_text())
MESSAGES: list[dict[str, str]] = _PUBLISHED["messages"]
AMAZON: bytes = _PUBLISHED["certificate"].encode()
NOW_S = 1_800_000_000


class Server:
    """Gives one document for every URL, and keeps what it was asked for."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self.document


def sns_request(message: object) -> WebhookRequest:
    return WebhookRequest("POST", "https://example.com/sns", {}, json.dumps(message).encode())


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["SignatureVersion"])
def test_real_messages_of_amazon_are_verified_and_changed_ones_are_not(
    message: dict[str, str],
) -> None:
    server = Server(AMAZON)
    verifier = SnsScheme(server.fetch).verifier([message["TopicArn"]])
    verifier.verify(sns_request(message), NOW_S)
    verifier.verify(sns_request(message), NOW_S)
    assert server.asked == [message["SigningCertURL"]]
    for name in ("Message", "MessageId", "Timestamp"):
        with pytest.raises(SignatureMismatch):
            verifier.verify(sns_request({**message, name: "other"}), NOW_S)


def test_a_message_of_a_topic_of_somebody_else_is_refused() -> None:
    verifier = SnsScheme(Server(AMAZON).fetch).verifier(["arn:aws:sns:us-east-2:1:mine"])
    with pytest.raises(SignatureMismatch, match="not among yours"):
        verifier.verify(sns_request(MESSAGES[0]), NOW_S)
    with pytest.raises(MalformedSecret, match="ARNs"):
        SnsScheme().verifier(["whsec_"])


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-east-2.amazonaws.com.attacker.com/Simple.pem",
        "https://attacker.com/sns.us-east-2.amazonaws.com/Simple.pem",
        "https://sns.us-east-2.amazonaws.com@attacker.com/Simple.pem",
        "https://sns.us-east-2.amazonaws.com:8443/Simple.pem",
        "http://sns.us-east-2.amazonaws.com/Simple.pem",
        "https://sns.us-east-2.amazonaws.com/Simple.pem?x",
        "https://s3.us-east-2.amazonaws.com/Simple.pem",
        "https://sns.us-east-2.amazonaws.com/Simple.pem\n",
    ],
)
def test_no_other_address_is_asked_for_the_certificate(url: str) -> None:
    server = Server(AMAZON)
    message = {**MESSAGES[0], "SigningCertURL": url}
    with pytest.raises(UntrustedCertificate):
        SnsScheme(server.fetch).verifier([message["TopicArn"]]).verify(sns_request(message), NOW_S)
    assert server.asked == []


@given(
    name=st.sampled_from(sorted(MESSAGES[0])),
    value=st.none() | st.integers() | st.text() | st.lists(st.text()),
)
def test_any_member_may_be_anything(name: str, value: object) -> None:
    verifier = SnsScheme(Server(AMAZON).fetch).verifier([MESSAGES[0]["TopicArn"]])
    with pytest.raises(VerificationError):
        verifier.verify(sns_request({**MESSAGES[0], name: value}), NOW_S)


def test_a_document_that_is_no_certificate_verifies_nothing() -> None:
    verifier = SnsScheme(Server(b"no certificate").fetch).verifier([MESSAGES[0]["TopicArn"]])
    with pytest.raises(UntrustedCertificate):
        verifier.verify(sns_request(MESSAGES[0]), NOW_S)
    with pytest.raises(MalformedSignature):
        verifier.verify(sns_request([]), NOW_S)


def own_certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.com")]
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


PAYPAL_BODY = b'{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}'
CERTIFICATE_URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"


@pytest.fixture(scope="module")
def paypal_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def paypal_request(key: rsa.RSAPrivateKey, **changed: str) -> WebhookRequest:
    """Signed as https://developer.paypal.com/api/rest/webhooks/rest/ describes, over what PayPal's
    own SDK says is signed: its check of the signature needs a pyOpenSSL of 2023."""
    content = f"id-1|2026-11-30T00:00:00Z|webhook-1|{zlib.crc32(PAYPAL_BODY)}"
    signature = key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert content == WebhookEvent._get_expected_sig(
        "id-1", "2026-11-30T00:00:00Z", "webhook-1", PAYPAL_BODY.decode()
    )
    headers = {
        "paypal-transmission-id": "id-1",
        "paypal-transmission-time": "2026-11-30T00:00:00Z",
        "paypal-transmission-sig": base64.b64encode(signature).decode(),
        "paypal-cert-url": CERTIFICATE_URL,
        "paypal-auth-algo": "SHA256withRSA",
    }
    given = {name.replace("_", "-"): value for name, value in changed.items()}
    return WebhookRequest("POST", "https://example.com/paypal", {**headers, **given}, PAYPAL_BODY)


def test_paypal_is_verified_for_the_ids_of_our_webhooks(paypal_key: rsa.RSAPrivateKey) -> None:
    server = Server(own_certificate(paypal_key))
    verifier = PayPalScheme(server.fetch).verifier(["webhook-0", "webhook-1"])
    request = paypal_request(paypal_key)
    verifier.verify(request, NOW_S)
    with pytest.raises(SignatureMismatch):
        PayPalScheme(server.fetch).verifier(["webhook-2"]).verify(request, NOW_S)
    with pytest.raises(SignatureMismatch):
        verifier.verify(paypal_request(paypal_key, paypal_transmission_id="id-2"), NOW_S)
    with pytest.raises(MalformedSignature, match="SHA256withRSA"):
        verifier.verify(paypal_request(paypal_key, paypal_auth_algo="none"), NOW_S)
    with pytest.raises(MissingSignature):
        verifier.verify(paypal_request(paypal_key, paypal_transmission_sig=""), NOW_S)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.paypal.com.attacker.com/v1/notifications/certs/CERT-1",
        "https://attacker.com/v1/notifications/certs/CERT-1",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../other",
    ],
)
def test_only_paypal_is_asked_for_its_certificate(url: str, paypal_key: rsa.RSAPrivateKey) -> None:
    server = Server(own_certificate(paypal_key))
    verifier = PayPalScheme(server.fetch).verifier(["webhook-1"])
    with pytest.raises(UntrustedCertificate):
        verifier.verify(paypal_request(paypal_key, paypal_cert_url=url), NOW_S)
    assert server.asked == []


def test_certificates_are_kept_for_a_day_and_only_some() -> None:
    server = Server(b"pem")
    now = [0.0]
    cache = CertificateCache(server.fetch, clock=lambda: now[0])
    for number in [*range(KEPT_MAX + 1), KEPT_MAX]:
        cache.get(f"https://a/{number}")
    assert len(server.asked) == KEPT_MAX + 1
    cache.get("https://a/0")
    assert len(server.asked) == KEPT_MAX + 2
    now[0] = KEPT_S
    cache.get("https://a/0")
    assert len(server.asked) == KEPT_MAX + 3


def test_only_https_is_fetched_and_an_absent_server_is_an_error() -> None:
    with pytest.raises(CertificateUnavailable, match="https"):
        fetch_https("file:///etc/passwd")
    with pytest.raises(CertificateUnavailable):
        fetch_https("https://127.0.0.1:1/certificate.pem")


def test_a_server_that_speaks_no_tls_is_not_trusted() -> None:
    class Plain(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Plain)
    thread = Thread(target=server.handle_request)
    thread.start()
    with pytest.raises(CertificateUnavailable):
        fetch_https(f"https://127.0.0.1:{server.server_port}/certificate.pem")
    thread.join()
    server.server_close()
