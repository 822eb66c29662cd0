"""Checks of the CA certificates that an endpoint's server is verified with."""

import ssl
from datetime import datetime
from typing import Final

from .client_certificate import SUBJECT_CHARS_MAX, CertificateFacts, CertificateRefused

CA_PEM_BYTES_MAX: Final = 64 * 1024
CA_CERTIFICATES_MAX: Final = 20


def check_ca_certificates(pem: bytes, now: datetime) -> tuple[CertificateFacts, ...]:
    """Check a PEM bundle of certificates to trust.

    Raises `CertificateRefused`, also when one is expired or a private key is in it.
    """
    if len(pem) > CA_PEM_BYTES_MAX:
        raise CertificateRefused(
            f"The PEM has more than {CA_PEM_BYTES_MAX} bytes; give only the CAs of this endpoint."
        )
    if b"PRIVATE KEY-----" in pem:
        raise CertificateRefused("Remove the private key: the certificates of the CA are enough.")
    from cryptography import x509

    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CertificateRefused(
            "It is no PEM of certificates that can be read; give the CA's, each between BEGIN"
            " CERTIFICATE and END CERTIFICATE."
        ) from None
    if len(certificates) > CA_CERTIFICATES_MAX:
        raise CertificateRefused(f"Give at most {CA_CERTIFICATES_MAX} certificates.")
    for certificate in certificates:
        if certificate.not_valid_after_utc <= now:
            raise CertificateRefused(
                f"A certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}; remove it,"
                " or give a current one."
            )
    _check_usable(pem)
    return tuple(
        [
            CertificateFacts(
                certificate.subject.rfc4514_string()[:SUBJECT_CHARS_MAX],
                certificate.not_valid_after_utc,
            )
            for certificate in certificates
        ]
    )


def _check_usable(pem: bytes) -> None:
    """OpenSSL, which verifies, must read them as well."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise CertificateRefused(
            "OpenSSL cannot read the certificates; give plain PEM without text between them."
        ) from None
