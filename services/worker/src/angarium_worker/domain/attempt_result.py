"""The result of one attempt, in terms that hold for every kind of destination."""

from enum import Enum, StrEnum

from msgspec import Struct

from .exchange import Exchange


class FailureReason(StrEnum):
    """Why a delivery was not taken. The values are stable: they are stored and shown."""

    URL_REFUSED = "url_refused"
    REQUEST_REFUSED = "request_refused"
    DESTINATION_NOT_ALLOWED = "destination_not_allowed"
    CLIENT_CERTIFICATE_UNUSABLE = "client_certificate_unusable"
    PROXY_FAILED = "proxy_failed"
    DNS_TIMED_OUT = "dns_timed_out"
    DNS_FAILED = "dns_failed"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    CONNECT_TIMED_OUT = "connect_timed_out"
    CONNECTION_REFUSED = "connection_refused"
    UNREACHABLE = "unreachable"
    TLS_TIMED_OUT = "tls_timed_out"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_NOT_TRUSTED = "certificate_not_trusted"
    RESPONSE_TIMED_OUT = "response_timed_out"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_CLOSED = "connection_closed"
    INVALID_RESPONSE = "invalid_response"
    STREAM_REFUSED = "stream_refused"
    STREAM_NOT_READY = "stream_not_ready"
    NO_FREE_CONNECTION = "no_free_connection"
    SENDER_CLOSED = "sender_closed"
    INTERNAL_ERROR = "internal_error"
    CA_CERTIFICATES_UNUSABLE = "ca_certificates_unusable"
    OAUTH_TOKEN_REFUSED = "oauth_token_refused"  # noqa: S105 - a reason
    HANDSHAKE_REFUSED = "handshake_refused"
    OAUTH_TOKEN_UNREACHABLE = "oauth_token_unreachable"  # noqa: S105 - a reason
    DISABLED_BY_RECEIVER = "disabled_by_receiver"
    ABORTED_BY_RECEIVER = "aborted_by_receiver"

    @property
    def text(self) -> str:
        """One sentence for the endpoint's owner."""
        return _TEXTS[self]


_TEXTS = {
    FailureReason.URL_REFUSED: "The endpoint's URL is not one that webhooks can be sent to.",
    FailureReason.REQUEST_REFUSED: "A header of the request cannot be sent.",
    FailureReason.DESTINATION_NOT_ALLOWED: "The operator does not let webhooks go to the "
    "endpoint's host or port.",
    FailureReason.CLIENT_CERTIFICATE_UNUSABLE: "The endpoint's client certificate cannot be used.",
    FailureReason.PROXY_FAILED: "The proxy in front of the endpoint did not open a connection.",
    FailureReason.DNS_TIMED_OUT: "The endpoint's host name was not resolved in time.",
    FailureReason.DNS_FAILED: "The endpoint's host name could not be resolved.",
    FailureReason.ADDRESS_NOT_ALLOWED: "The endpoint's host has an address that webhooks may not "
    "be sent to.",
    FailureReason.CONNECT_TIMED_OUT: "The endpoint did not accept a connection in time.",
    FailureReason.CONNECTION_REFUSED: "The endpoint refused the connection.",
    FailureReason.UNREACHABLE: "There is no route to the endpoint's address.",
    FailureReason.TLS_TIMED_OUT: "The endpoint did not complete the TLS handshake in time.",
    FailureReason.TLS_FAILED: "The TLS connection to the endpoint failed.",
    FailureReason.CERTIFICATE_NOT_TRUSTED: "The endpoint's TLS certificate is not valid for it.",
    FailureReason.RESPONSE_TIMED_OUT: "The endpoint did not answer completely in time.",
    FailureReason.CONNECTION_RESET: "The endpoint broke the connection before its answer "
    "was complete.",
    FailureReason.CONNECTION_CLOSED: "The endpoint closed the connection before its answer was "
    "complete.",
    FailureReason.INVALID_RESPONSE: "The endpoint's answer was not valid HTTP/1.1.",
    FailureReason.STREAM_REFUSED: "The stream's server refused the entry.",
    FailureReason.STREAM_NOT_READY: "The stream's server takes no entries at the moment; "
    "it is sent less.",
    FailureReason.NO_FREE_CONNECTION: "Angarium had no free connection in time; the endpoint was "
    "not contacted.",
    FailureReason.SENDER_CLOSED: "Angarium was stopping; the attempt was not completed.",
    FailureReason.INTERNAL_ERROR: "Angarium failed to make the attempt.",
    FailureReason.CA_CERTIFICATES_UNUSABLE: "The endpoint's CA certificates cannot be used.",
    FailureReason.OAUTH_TOKEN_REFUSED: "The token endpoint gave no access token; the endpoint was "
    "not contacted.",
    FailureReason.HANDSHAKE_REFUSED: "The endpoint did not permit webhooks in its answer to "
    "OPTIONS; nothing was sent.",
    FailureReason.OAUTH_TOKEN_UNREACHABLE: "The token endpoint could not be reached in time; the "
    "endpoint was not contacted.",
    FailureReason.DISABLED_BY_RECEIVER: "The endpoint asked to be disabled.",
    FailureReason.ABORTED_BY_RECEIVER: "The endpoint asked not to be sent this message again.",
}


type PhasesS = tuple[float, float, float, float, float]
"""Duration, first byte, DNS, connect and TLS, as `AttemptFacts` has them."""


class AttemptFacts(Struct, frozen=True, gc=False):
    """The recorded data of an attempt.

    `response_status` is the destination's own number for its answer, 0 when it has none or did
    not answer. `response` holds at most the first 16 KiB of the answer; `response_truncated` says
    that there was more, or that the rest was not read or did not come. `duration_s` runs from the
    call to the end of the attempt, `first_byte_s` from the call to the answer's first byte; the
    phases before are 0.0 on a kept connection, where `connection_reused` is true. `reason` says
    why the delivery was not taken, unless `response_status` alone does; `detail` adds the facts
    (which public address, which errno) in words without secrets, at most 300 characters.
    `allowed_origin` is whom a webhook's receiver permits to send (WebHook-Allowed-Origin).
    `exchange` is what was sent and received beside the bodies.
    """

    response_status: int = 0
    response: bytes = b""
    duration_s: float = 0.0
    first_byte_s: float = 0.0
    dns_s: float = 0.0
    connect_s: float = 0.0
    tls_s: float = 0.0
    connection_reused: bool = False
    response_truncated: bool = False
    reason: FailureReason | None = None
    detail: str = ""
    allowed_origin: str | None = None
    exchange: Exchange | None = None

    @property
    def failure(self) -> str | None:
        """`reason` or `reason: detail`; the reason is stable, the detail is for people."""
        if self.reason is None:
            return None
        if not self.detail:
            return self.reason.value
        return f"{self.reason.value}: {self.detail}".replace("\0", "")


class Accepted(AttemptFacts, frozen=True, gc=False):
    """The destination took the delivery."""


class Rejection(Enum):
    """Effect of a rejection on the destination's health."""

    REFUSED = "refused"
    """It works, and does not take this delivery."""
    FAILED = "failed"
    """It failed to handle the delivery."""
    OVERLOADED = "overloaded"
    """It, or what it depends on, did not keep up."""


class Rejected(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination answered and did not take the delivery."""

    rejection: Rejection = Rejection.REFUSED


class Throttled(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination asks to be left alone: for `retry_after_s`, or, with None, a while."""

    retry_after_s: float | None = None


class EndpointGone(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination says that it exists no more. `statement` is that in words, for
    the endpoint's owner."""

    statement: str


class DisableRequested(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination answered, and asks to be sent nothing any more.

    `answer` is what the answer is without that request, which the endpoint's owner may have
    forbidden. `statement` is the request in words.
    """

    answer: "Accepted | Rejected | Throttled"
    statement: str


class AbortRequested(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination did not take the delivery, and asks that it is not sent again. `answer` as
    in `DisableRequested`."""

    answer: "Rejected | Throttled"


class Unreachable(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """The destination gave no usable answer, or no attempt to reach it is allowed."""

    reason: FailureReason

    @property
    def timed_out(self) -> bool:
        """True if the endpoint was reached but too slow."""
        return self.reason in _TIMED_OUT

    @property
    def is_ours(self) -> bool:
        """True if Angarium, not the endpoint, its network or its settings, is the cause."""
        return self.reason is FailureReason.INTERNAL_ERROR


class NotAttempted(AttemptFacts, frozen=True, gc=False, kw_only=True):
    """Nothing reached the destination, for no fault of its own. It counts for nothing."""

    reason: FailureReason


type Request = DisableRequested | AbortRequested
type Attempted = Accepted | Rejected | Throttled | EndpointGone | Unreachable | Request
type AttemptResult = Attempted | NotAttempted

REQUESTS = (DisableRequested, AbortRequested)
NOT_ATTEMPTED = frozenset({FailureReason.NO_FREE_CONNECTION, FailureReason.SENDER_CLOSED})
_TIMED_OUT = frozenset(
    {
        FailureReason.RESPONSE_TIMED_OUT,
        FailureReason.CONNECT_TIMED_OUT,
        FailureReason.TLS_TIMED_OUT,
    }
)


def without_answer(
    reason: FailureReason,
    detail: str,
    duration_s: float = 0.0,
    first_byte_s: float = 0.0,
    dns_s: float = 0.0,
    connect_s: float = 0.0,
    tls_s: float = 0.0,
    *,
    exchange: Exchange | None = None,
) -> Unreachable | NotAttempted:
    """The result of an attempt that ended without a usable answer."""
    kind = NotAttempted if reason in NOT_ATTEMPTED else Unreachable
    return kind(
        duration_s=duration_s,
        first_byte_s=first_byte_s,
        dns_s=dns_s,
        connect_s=connect_s,
        tls_s=tls_s,
        reason=reason,
        detail=detail,
        exchange=exchange,
    )
