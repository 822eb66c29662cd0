"""The port through which the worker sends: one request out, one answer or its absence back."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class WebhookRequest(Struct, frozen=True, gc=False):
    """One POST.

    `headers` are names and values without line breaks; the sender adds Host, Content-Length,
    User-Agent, Accept and Accept-Encoding itself and refuses these and every connection header
    among them. `proxy` is the URL of an egress proxy for this request alone, `http://` or
    `socks5://` with or without user and password. `client_certificate` is PEM, the certificate
    chain and its private key, for https. `timeout_s` covers the whole attempt: waiting for a
    connection, DNS, connect, TLS, writing and the complete answer.
    """

    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    timeout_s: float
    proxy: str | None = None
    client_certificate: bytes | None = None

    def __repr__(self) -> str:
        """Without what may hold a secret, which is all of it."""
        return f"WebhookRequest({len(self.headers)} headers, {len(self.body)} bytes)"


class Answer(Struct, frozen=True, gc=False):
    """The endpoint answered with a final status, 200 to 599; redirects are never followed.

    `body` holds at most its first 16 KiB, `body_truncated` says that there was more (or that the
    rest was not read). `retry_after` is the header as sent, at most 128 characters. `duration_s`
    runs from the call to the end of the answer, `first_byte_s` from the call to its first byte;
    the phases before are 0.0 on a kept connection, where `connection_reused` is true.
    """

    status: int
    body: bytes
    retry_after: str | None
    duration_s: float
    first_byte_s: float = 0.0
    dns_s: float = 0.0
    connect_s: float = 0.0
    tls_s: float = 0.0
    connection_reused: bool = False
    body_truncated: bool = False


class FailureReason(StrEnum):
    """Why there was no answer. The values are stable: they are stored and shown."""

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
    NO_FREE_CONNECTION = "no_free_connection"
    SENDER_CLOSED = "sender_closed"
    INTERNAL_ERROR = "internal_error"

    @property
    def text(self) -> str:
        """One sentence for the endpoint's owner."""
        return _TEXTS[self]

    @property
    def is_ours(self) -> bool:
        """Whether Angarium, not the endpoint, its network or its settings, is the cause."""
        return self in _OURS


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
    FailureReason.TLS_FAILED: "A TLS connection to the endpoint could not be set up.",
    FailureReason.CERTIFICATE_NOT_TRUSTED: "The endpoint's TLS certificate is not valid for it.",
    FailureReason.RESPONSE_TIMED_OUT: "The endpoint did not answer completely in time.",
    FailureReason.CONNECTION_RESET: "The endpoint broke the connection before it answered.",
    FailureReason.CONNECTION_CLOSED: "The endpoint closed the connection before its answer was "
    "complete.",
    FailureReason.INVALID_RESPONSE: "The endpoint's answer was not valid HTTP/1.1.",
    FailureReason.NO_FREE_CONNECTION: "Angarium had no free connection in time; the endpoint was "
    "not contacted.",
    FailureReason.SENDER_CLOSED: "Angarium was stopping; the attempt was not completed.",
    FailureReason.INTERNAL_ERROR: "Angarium failed to make the attempt.",
}
_OURS = frozenset(
    {FailureReason.NO_FREE_CONNECTION, FailureReason.SENDER_CLOSED, FailureReason.INTERNAL_ERROR}
)


class NoAnswer(Struct, frozen=True, gc=False):
    """There was no usable answer. `detail` adds the facts (which address, which errno) in words
    without secrets, at most 300 characters. The phases are as an `Answer` has them, the one in
    which it failed included."""

    reason: FailureReason
    detail: str
    duration_s: float
    first_byte_s: float = 0.0
    dns_s: float = 0.0
    connect_s: float = 0.0
    tls_s: float = 0.0


type Outcome = Answer | NoAnswer


class SubmittedAttempt(Protocol):
    """An attempt under way."""

    def cancel(self) -> None:
        """Give up now: its connection is closed and its callback is not called any more."""
        ...


class Sender(Protocol):
    """Makes attempts. Neither form raises for what an endpoint or a network does."""

    async def send(self, request: WebhookRequest) -> Outcome:
        """Make one attempt; it ends by `timeout_s`. Cancelling the caller closes its connection."""
        ...

    def submit(
        self, request: WebhookRequest, on_outcome: Callable[[Outcome], None]
    ) -> SubmittedAttempt:
        """As `send`, without a task: `on_outcome` is called once, later, from the event loop.

        It must be quick and must not raise. It may submit again.
        """
        ...
