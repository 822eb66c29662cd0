"""Checks of the client certificates (mTLS) of endpoints, and their public facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from cryptography import x509

PEM_BYTES_MAX: Final = 32 * 1024
CHAIN_MAX: Final = 10
SUBJECT_CHARS_MAX: Final = 512
_CERTIFICATE_BEGINS = b"-----BEGIN CERTIFICATE-----"
_KEY_ENDS = b"PRIVATE KEY-----"


class CertificateRefused(ValueError):
    """The PEM cannot be used as a client certificate. The text says what to change, and never
    contains the PEM, which includes a private key."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """Facts that responses may contain. `subject` has the form of RFC 4514."""

    subject: str
    expires_at: datetime


def check_client_certificate(pem: bytes, now: datetime) -> CertificateFacts:
    """Check a PEM with a certificate chain, leaf first, and the leaf's unencrypted private key.

    Raises `CertificateRefused`, also for an expired certificate.
    """
    if len(pem) > PEM_BYTES_MAX:
        raise CertificateRefused(f"The PEM has more than {PEM_BYTES_MAX} bytes; shorten the chain.")
    chain = _chain_of(pem)
    own = chain[0]
    if own.not_valid_after_utc <= now:
        raise CertificateRefused(
            f"The certificate expired on {own.not_valid_after_utc:%Y-%m-%d}; give a current one."
        )
    if _public_key_of(pem) != _spki(own.public_key()):
        raise CertificateRefused(
            "The private key is not that of the first certificate; give the endpoint's own"
            " certificate first, then its issuers, then its key."
        )
    subject = own.subject.rfc4514_string()[:SUBJECT_CHARS_MAX]
    return CertificateFacts(subject, own.not_valid_after_utc)


def _chain_of(pem: bytes) -> "list[x509.Certificate]":
    from cryptography import x509

    if _CERTIFICATE_BEGINS not in pem:
        raise CertificateRefused(
            "There is no certificate in it; give PEM: the certificates, then the private key."
        )
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CertificateRefused("A certificate in it cannot be read; give valid PEM.") from None
    if len(chain) > CHAIN_MAX:
        raise CertificateRefused(f"It has more than {CHAIN_MAX} certificates; leave out the root.")
    return chain


def _public_key_of(pem: bytes) -> bytes:
    if _KEY_ENDS not in pem:
        raise CertificateRefused(
            "There is no private key in it; append the key's PEM to the certificates."
        )
    try:
        # Only what begins at the key's own line: the certificates before it are another kind.
        key = load_pem_private_key(_key_part(pem), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateRefused(
            "The private key cannot be read; give one that is not encrypted, as PEM."
        ) from None
    return _spki(key.public_key())


def _key_part(pem: bytes) -> bytes:
    """The part of the PEM from the beginning of the private key."""
    lines = pem.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(b"-----BEGIN") and line.rstrip().endswith(_KEY_ENDS):
            return b"".join(lines[number:])
    return b""


def _spki(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
