"""From what sockets, TLS and resolvers raise to a reason that a customer understands."""

import errno
import os
import ssl
from collections.abc import Mapping, Sequence

from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.failures.certificate_facts import certificate_facts
from angarium_webhooks.failures.records import OS_ERROR, TLS_ERROR

from angarium_worker.domain.attempt_result import FailureReason
from angarium_worker.domain.exchange import NO_FACTS

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
    """A request that cannot be made, as a reason, its words, and facts by their names in
    `angarium_webhooks.failures`; never leaves the sender."""

    def __init__(
        self, reason: FailureReason, detail: str, facts: Mapping[str, str] = NO_FACTS
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail[:DETAIL_CHARS_MAX]
        self.facts = facts


def connect_failure(error: OSError, address: str) -> SendFailed:
    """For an error while connecting; what is not known means that there is no way there."""
    reason = _REASON_BY_ERRNO.get(error.errno or 0, FailureReason.UNREACHABLE)
    return SendFailed(reason, about(address, os_words(error)), os_facts(error))


def about(address: str, words: str) -> str:
    """`<address>: <words>` for a public address. Any other is not for tenants to learn, to whom
    a name may lead the way."""
    return words if _PUBLIC.refusal(address) else f"{address}: {words}"


def tls_failure(error: OSError, chain: Sequence[bytes] = ()) -> SendFailed:
    """For an error in the handshake; ssl's errors are OSErrors. `chain` is what the server sent,
    as DER."""
    if isinstance(error, ssl.SSLCertVerificationError):
        facts = certificate_facts(error.verify_code, chain)
        return SendFailed(FailureReason.CERTIFICATE_NOT_TRUSTED, error.verify_message, facts)
    if isinstance(error, ssl.SSLError):
        reason = words = error.reason or "handshake failed"
        if reason == "WRONG_VERSION_NUMBER":  # what came is no TLS record
            words = _SPEAKS_NO_TLS
        return SendFailed(FailureReason.TLS_FAILED, words, {TLS_ERROR: reason})
    return SendFailed(
        FailureReason.TLS_FAILED, f"handshake broken off: {os_words(error)}", os_facts(error)
    )


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


def os_facts(error: OSError) -> Mapping[str, str]:
    """The error's name, such as ECONNREFUSED."""
    name = errno.errorcode.get(error.errno or 0)
    return {} if name is None else {OS_ERROR: name}


def os_words(error: OSError) -> str:
    """Event loops put the address into strerror; the number alone gives stable words."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
