"""TLS handshakes that failed."""

from collections.abc import Callable
from typing import Final

from .certificates import explain_certificate
from .records import OS_ERROR, TLS_ERROR, AttemptRecord, Failure, Finding

FAILURES: Final = (
    Failure(
        "tls_version_too_old",
        "The receiver has only old versions of TLS",
        "customer",
        "Enable TLS 1.2 or 1.3 on the receiver.",
    ),
    Failure(
        "tls_no_common_cipher",
        "There is no cipher that both sides accept",
        "customer",
        "Enable current cipher suites on the receiver, such as those with AES-GCM and ECDHE.",
    ),
    Failure(
        "tls_client_certificate_required",
        "The receiver wants a client certificate",
        "customer",
        "Set the endpoint's client certificate, or let the receiver not ask for one at this URL.",
    ),
    Failure(
        "tls_client_certificate_refused",
        "The receiver does not accept the client certificate",
        "customer",
        "Set a client certificate of an authority that the receiver trusts, and that has not"
        " expired.",
    ),
    Failure(
        "tls_server_name_unknown",
        "The receiver does not serve this host name",
        "customer",
        "Configure the host name and its certificate on the receiver, or correct the URL.",
    ),
    Failure(
        "tls_not_spoken",
        "The port does not speak TLS",
        "customer",
        "Check the scheme and the port of the URL: the port serves plain HTTP, or something else.",
    ),
    Failure(
        "tls_handshake_broken_off",
        "The connection ended within the TLS handshake",
        "customer",
        "Check the receiver's TLS configuration and what stands in front of it.",
    ),
    Failure(
        "tls_failed",
        "The TLS connection failed",
        "customer",
        "Check the receiver's TLS configuration with the error in the evidence.",
    ),
    Failure(
        "tls_timed_out",
        "The TLS handshake took too long",
        "customer",
        "Check that the receiver is not overloaded, and that the port speaks TLS.",
    ),
    Failure(
        "client_certificate_unusable",
        "The endpoint's client certificate cannot be used",
        "customer",
        "Set a client certificate as PEM, with its chain and its unencrypted private key.",
    ),
    Failure(
        "ca_certificates_unusable",
        "The endpoint's CA certificates cannot be used",
        "customer",
        "Set CA certificates as PEM.",
    ),
)

# Reasons of OpenSSL, without the version that some begin with.
_TOO_OLD = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")
_NO_CIPHER = ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "INSUFFICIENT_SECURITY", "DH_KEY_TOO_SMALL")
_CERTIFICATE_WANTED = ("CERTIFICATE_REQUIRED",)
_CERTIFICATE_REFUSED = (
    "BAD_CERTIFICATE", "UNKNOWN_CA", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED",
)  # fmt: skip
_NAME_UNKNOWN = ("UNRECOGNIZED_NAME",)
_KINDS: Final = (
    (_TOO_OLD, "tls_version_too_old", "{} has only versions of TLS before 1.2."),
    (
        _CERTIFICATE_WANTED,
        "tls_client_certificate_required",
        "{} ended the TLS connection because it got no client certificate.",
    ),
    (
        _CERTIFICATE_REFUSED,
        "tls_client_certificate_refused",
        "{} refused the client certificate of the endpoint.",
    ),
    (_NAME_UNKNOWN, "tls_server_name_unknown", "The server says that it does not serve {}."),
    (_NO_CIPHER, "tls_no_common_cipher", "{} accepts none of the ciphers that Angarium offers."),
)


def _failed(record: AttemptRecord) -> Finding:
    error, host = record.facts.get(TLS_ERROR) or record.detail, record.host
    evidence = (("Host", host), ("TLS error", error), ("System error", record.facts.get(OS_ERROR)))
    if "does not speak TLS" in record.detail:
        cause = f"The port of {host} answered with something that is not TLS."
        return Finding("tls_not_spoken", cause, evidence)
    if "broken off" in record.detail:
        cause = f"{host} ended the connection within the TLS handshake."
        return Finding("tls_handshake_broken_off", cause, evidence)
    for words, code, cause in _KINDS:
        if any(word in error.upper() for word in words):
            return Finding(code, cause.format(host), evidence)
    return Finding("tls_failed", f"The TLS connection to {host} failed.", evidence)


def _timed_out(record: AttemptRecord) -> Finding:
    cause = f"{record.host} did not complete the TLS handshake in time."
    return Finding("tls_timed_out", cause, (("Host", record.host), ("Time", record.detail)))


def _client_certificate(record: AttemptRecord) -> Finding:
    cause = "The client certificate of the endpoint cannot be used."
    return Finding("client_certificate_unusable", cause, (("Error", record.detail),))


def _ca_certificates(record: AttemptRecord) -> Finding:
    cause = "The CA certificates of the endpoint cannot be used."
    return Finding("ca_certificates_unusable", cause, (("Error", record.detail),))


REASONS: Final[dict[str, Callable[[AttemptRecord], Finding]]] = {
    "tls_failed": _failed,
    "tls_timed_out": _timed_out,
    "certificate_not_trusted": explain_certificate,
    "client_certificate_unusable": _client_certificate,
    "ca_certificates_unusable": _ca_certificates,
}
