"""Certificates of receivers that cannot be trusted."""

from typing import Final

from .records import (
    CERTIFICATE_ISSUER,
    CERTIFICATE_NAMES,
    CERTIFICATE_SUBJECT,
    CHAIN_LENGTH,
    MISSING_ISSUER,
    NOT_AFTER,
    NOT_BEFORE,
    VERIFY_CODE,
    AttemptRecord,
    Failure,
    Finding,
)

FAILURES: Final = (
    Failure(
        "tls_certificate_expired",
        "The certificate has expired",
        "customer",
        "Renew the receiver's certificate, and let its server load the new one.",
    ),
    Failure(
        "tls_certificate_not_yet_valid",
        "The certificate is not valid yet",
        "customer",
        "Use a certificate that is valid now; if it is, the operator must check the clock of the"
        " workers.",
    ),
    Failure(
        "tls_certificate_wrong_name",
        "The certificate is for another name",
        "customer",
        "Register a URL with a name that the certificate has, or get a certificate for this name.",
    ),
    Failure(
        "tls_certificate_self_signed",
        "The certificate is self-signed",
        "customer",
        "Use a certificate of a public authority, or set this one as the endpoint's"
        " `caCertificates`.",
    ),
    Failure(
        "tls_chain_incomplete",
        "The certificate chain is incomplete",
        "customer",
        "Let the server send its intermediate certificates too: use the full chain file that the"
        " authority gave; set a private authority as the endpoint's `caCertificates`.",
    ),
    Failure(
        "tls_authority_unknown",
        "The certificate is of an authority that is not trusted",
        "customer",
        "Use a certificate of a public authority, or set the private one as the endpoint's"
        " `caCertificates`.",
    ),
    Failure(
        "tls_certificate_not_trusted",
        "The certificate is not acceptable",
        "customer",
        "Replace the receiver's certificate by one for servers, with a current key and signature.",
    ),
)

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_NO_ISSUER = "20"
_NO_ISSUER_OF_CHAIN = "2"
_LEAF_NOT_VERIFIED = "21"
_NOT_YET = "9"
_EXPIRED = "10"
_SELF_SIGNED = "18"
_SELF_SIGNED_IN_CHAIN = "19"
_WRONG_NAME = frozenset({"62", "64"})


def explain_certificate(record: AttemptRecord) -> Finding:
    """A certificate that did not verify."""
    facts, host, words = record.facts, record.host, record.detail.lower()
    code = facts.get(VERIFY_CODE, "")
    evidence = _evidence(record)
    if code == _EXPIRED or "expired" in words:
        when = facts.get(NOT_AFTER)
        cause = f"The certificate of {host} expired{f' on {when}' if when else ''}."
        return Finding("tls_certificate_expired", cause, evidence)
    if code == _NOT_YET or "not yet valid" in words:
        when = facts.get(NOT_BEFORE)
        cause = f"The certificate of {host} is not valid{f' before {when}' if when else ' yet'}."
        return Finding("tls_certificate_not_yet_valid", cause, evidence)
    if code in _WRONG_NAME or "mismatch" in words:
        names = facts.get(CERTIFICATE_NAMES) or "another name"
        cause = f"The certificate of {host} is for {names[:200]}."
        return Finding("tls_certificate_wrong_name", cause, evidence)
    return _chain(code, words, record, evidence)


def _chain(
    code: str, words: str, record: AttemptRecord, evidence: tuple[tuple[str, str | None], ...]
) -> Finding:
    host, facts = record.host, record.facts
    if code == _SELF_SIGNED_IN_CHAIN or "self-signed certificate in" in words:
        cause = f"The certificate of {host} is of an authority that is not trusted."
        return Finding("tls_authority_unknown", cause, evidence)
    if code == _SELF_SIGNED or "self-signed" in words or "self signed" in words:
        cause = f"The certificate of {host} is signed by itself, not by an authority."
        return Finding("tls_certificate_self_signed", cause, evidence)
    missing = facts.get(MISSING_ISSUER, "")
    if code in {_NO_ISSUER, _NO_ISSUER_OF_CHAIN, _LEAF_NOT_VERIFIED} or "local issuer" in words:
        if facts.get(CHAIN_LENGTH, "1") == "1":
            of = f": that of {missing!r} is missing" if missing else ""
            cause = f"{host} sent its certificate without the intermediate certificates{of}."
            return Finding("tls_chain_incomplete", cause, evidence)
        cause = f"The chain of {host} ends at {missing or 'an authority'!r}, which is not trusted."
        return Finding("tls_authority_unknown", cause, evidence)
    cause = f"The certificate of {host} is not acceptable: {record.detail or 'it is not trusted'}."
    return Finding("tls_certificate_not_trusted", cause, evidence)


def _evidence(record: AttemptRecord) -> tuple[tuple[str, str | None], ...]:
    facts = record.facts
    return (
        ("Host", record.host),
        ("Verification", record.detail),
        ("Certificate names", facts.get(CERTIFICATE_NAMES)),
        ("Certificate subject", facts.get(CERTIFICATE_SUBJECT)),
        ("Certificate issuer", facts.get(CERTIFICATE_ISSUER)),
        ("Valid from", facts.get(NOT_BEFORE)),
        ("Valid until", facts.get(NOT_AFTER)),
        ("Certificates sent", facts.get(CHAIN_LENGTH)),
        ("Missing issuer", facts.get(MISSING_ISSUER)),
    )
