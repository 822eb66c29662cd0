"""From what sockets, TLS and resolvers raise to a reason that a customer understands."""

import errno
import os
import ssl

from angarium_webhooks.egress.egress_rules import EgressRules

from angarium_worker.domain.attempt_result import FailureReason

DETAIL_CHARS_MAX = 300
TLS_ALERT = b"\x15"
"""First byte of the answer that a TLS server gives to what is not TLS (RFC 8446, section 5.1)."""
SPEAKS_TLS = "the port speaks TLS; check the URL's scheme and port"
_SPEAKS_NO_TLS = "the port does not speak TLS; check the URL's scheme and port"
_PUBLIC = EgressRules()

_REASON_BY_ERRNO = {
    errno.ECONNREFUSED: FailureReason.CONNECTION_REFUSED,
    errno.ECONNRESET: FailureReason.CONNECTION_RESET,
    errno.ECONNABORTED: FailureReason.CONNECTION_RESET,
    errno.EPIPE: FailureReason.CONNECTION_RESET,
    errno.ETIMEDOUT: FailureReason.CONNECT_TIMED_OUT,
    errno.EMFILE: FailureReason.NO_FREE_CONNECTION,
    errno.ENFILE: FailureReason.NO_FREE_CONNECTION,
    errno.ENOBUFS: FailureReason.NO_FREE_CONNECTION,
    errno.ENOMEM: FailureReason.NO_FREE_CONNECTION,
    errno.EADDRNOTAVAIL: FailureReason.NO_FREE_CONNECTION,
}


class SendFailed(Exception):
    """A request that cannot be made, as a reason and the facts; never leaves the sender."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail[:DETAIL_CHARS_MAX]


def connect_failure(error: OSError, address: str) -> SendFailed:
    """For an error while connecting; what is not known means that there is no way there."""
    reason = _REASON_BY_ERRNO.get(error.errno or 0, FailureReason.UNREACHABLE)
    return SendFailed(reason, about(address, os_words(error)))


def about(address: str, words: str) -> str:
    """`<address>: <words>` for a public address. Any other is not for tenants to learn, to whom
    a name may lead the way."""
    return words if _PUBLIC.refusal(address) else f"{address}: {words}"


def tls_failure(error: OSError) -> SendFailed:
    """For an error in the handshake; ssl's errors are OSErrors."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SendFailed(FailureReason.CERTIFICATE_NOT_TRUSTED, error.verify_message)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or "handshake failed"
        if reason == "WRONG_VERSION_NUMBER":  # what came is no TLS record
            reason = _SPEAKS_NO_TLS
        return SendFailed(FailureReason.TLS_FAILED, reason)
    return SendFailed(FailureReason.TLS_FAILED, f"handshake broken off: {os_words(error)}")


def exchange_failure(error: Exception) -> tuple[FailureReason, str]:
    """For an error on an established connection."""
    if isinstance(error, ssl.SSLError):
        return FailureReason.TLS_FAILED, (error.reason or "TLS error")[:DETAIL_CHARS_MAX]
    if isinstance(error, OSError):
        if error.errno == errno.ETIMEDOUT:
            return FailureReason.RESPONSE_TIMED_OUT, os_words(error)
        reason = _REASON_BY_ERRNO.get(error.errno or 0, FailureReason.CONNECTION_RESET)
        return reason, os_words(error)
    return FailureReason.INTERNAL_ERROR, type(error).__name__


def os_words(error: OSError) -> str:
    """Event loops put the address into strerror; the number alone gives stable words."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
