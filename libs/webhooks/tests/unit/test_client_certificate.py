"""What client certificates are taken, and what is shown of them."""

from datetime import UTC, datetime, timedelta

import pytest
from angarium_webhooks.client_certificate import CertificateRefused, check_client_certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
UNTIL = NOW + timedelta(days=30)


def a_certificate(key: ec.EllipticCurvePrivateKey, until: datetime = UNTIL) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=900)).not_valid_after(until)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    sealing = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing)


KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def test_a_certificate_with_its_key_tells_subject_and_expiry() -> None:
    facts = check_client_certificate(a_certificate(KEY) + pem_of(KEY), NOW)
    assert (facts.subject, facts.expires_at) == ("CN=Acme", UNTIL)


def test_the_chain_may_follow_and_its_first_certificate_counts() -> None:
    chain = a_certificate(KEY) + a_certificate(OTHER_KEY)
    assert check_client_certificate(chain + pem_of(KEY), NOW).subject == "CN=Acme"


@pytest.mark.parametrize(
    ("pem", "told"),
    [
        (b"", "no certificate"),
        (b"nonsense", "no certificate"),
        (a_certificate(KEY), "no private key"),
        (pem_of(KEY), "no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        (a_certificate(KEY) + pem_of(OTHER_KEY), "not that of the first certificate"),
        (a_certificate(KEY) + pem_of(KEY, b"password"), "not encrypted"),
        (a_certificate(KEY, NOW - timedelta(days=1)) + pem_of(KEY), "expired on 2029-12-31"),
        (a_certificate(KEY) * 11 + pem_of(KEY), "more than 10"),
        (b"a" * 40_000, "32768 bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(pem: bytes, told: str) -> None:
    with pytest.raises(CertificateRefused, match=told):
        check_client_certificate(pem, NOW)
