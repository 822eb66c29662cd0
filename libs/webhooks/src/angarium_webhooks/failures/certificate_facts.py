"""Facts about a certificate that did not verify. Only for failures: reading them takes a
millisecond."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .records import (
    CERTIFICATE_ISSUER,
    CERTIFICATE_NAMES,
    CERTIFICATE_SUBJECT,
    CHAIN_LENGTH,
    MISSING_ISSUER,
    NOT_AFTER,
    NOT_BEFORE,
    VERIFY_CODE,
)

if TYPE_CHECKING:
    from cryptography import x509

NAMES_MAX: Final = 10
CHARS_MAX: Final = 300


def certificate_facts(verify_code: int, chain: Sequence[bytes]) -> Mapping[str, str]:
    """OpenSSL's code, and facts of the chain, whose certificates are DER, the server's first."""
    from cryptography import x509

    facts = {VERIFY_CODE: str(verify_code)}
    if not chain:
        return facts
    facts[CHAIN_LENGTH] = str(len(chain))
    try:
        first = x509.load_der_x509_certificate(chain[0])
        last = x509.load_der_x509_certificate(chain[-1])
        facts |= {
            CERTIFICATE_NAMES: ", ".join(_names(first)[:NAMES_MAX]),
            CERTIFICATE_SUBJECT: first.subject.rfc4514_string(),
            CERTIFICATE_ISSUER: first.issuer.rfc4514_string(),
            NOT_BEFORE: _time(first.not_valid_before_utc),
            NOT_AFTER: _time(first.not_valid_after_utc),
        }
        if last.issuer != last.subject:
            facts[MISSING_ISSUER] = last.issuer.rfc4514_string()
    except (ValueError, x509.InvalidVersion, x509.UnsupportedGeneralNameType):
        return facts
    return {name: value[:CHARS_MAX] for name, value in facts.items() if value}


def _names(certificate: "x509.Certificate") -> list[str]:
    """The subject's alternative names; those are what counts (RFC 9525)."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return []
    names = found.get_values_for_type(x509.DNSName)
    return [*names, *[str(each) for each in found.get_values_for_type(x509.IPAddress)]]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
