"""What explanations are made of, and what they are made from."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from angarium_webhooks.http_heads import NO_RESPONSE, ResponseHead

BODY_SEARCHED_BYTES: Final = 4_096
"""What is looked at of a body to recognise it."""

type By = Literal["customer", "operator"]


class AttemptRecord(Struct, frozen=True):
    """What is on record of an attempt.

    `reason` and `detail` are the stored reason of a failure and its words; None: the response's
    status alone decides. `received` is the stored head of the response as bytes, `head` the same as
    it was read. `facts` were recorded when the attempt failed (`FACTS`).
    """

    url: str
    reason: str | None = None
    detail: str = ""
    status: int = 0
    head: ResponseHead = NO_RESPONSE
    received: bytes = b""
    body: bytes = b""
    facts: Mapping[str, str] = {}

    @property
    def host(self) -> str:
        """The host of the URL; the URL itself if it has none."""
        try:
            return urlsplit(self.url).hostname or self.url
        except ValueError:
            return self.url

    @property
    def text(self) -> str:
        """The beginning of the body, as text."""
        return self.body[:BODY_SEARCHED_BYTES].decode("utf-8", "replace")

    def header(self, name: str) -> str:
        """The first value of a header of the response, lowered; empty without it."""
        return (self.head.first(name) or "").lower()


class Failure(NamedTuple):
    """A code, the title of its page, who can change something, and what."""

    code: str
    title: str
    by: By
    remedy: str


class Finding(NamedTuple):
    """A failure that was recognised: its code, the cause in one sentence, and the evidence as names
    and values. `remedy` says more than that of the code does."""

    code: str
    cause: str
    evidence: tuple[tuple[str, str | None], ...] = ()
    remedy: str | None = None


BODY_SENT: Final = "Body sent"
BODY_CHECKED: Final = "Body that the receiver checked"
RESPONSE_BODY: Final = "Response body"
CONTENT: Final = frozenset({BODY_SENT, BODY_CHECKED, RESPONSE_BODY})
"""Evidence that repeats content of the message or the response."""

DNS_ERROR: Final = "dns_error"
OS_ERROR: Final = "os_error"
TLS_ERROR: Final = "tls_error"
VERIFY_CODE: Final = "verify_code"
CERTIFICATE_NAMES: Final = "certificate_names"
CERTIFICATE_SUBJECT: Final = "certificate_subject"
CERTIFICATE_ISSUER: Final = "certificate_issuer"
NOT_BEFORE: Final = "not_before"
NOT_AFTER: Final = "not_after"
MISSING_ISSUER: Final = "missing_issuer"
CHAIN_LENGTH: Final = "chain_length"
PHASE: Final = "phase"
REQUEST_SENT: Final = "request_sent"
SENT_BODY: Final = "sent_body"
CHECKED_BODY: Final = "checked_body"
REWRITTEN_AS: Final = "rewritten_as"
FACTS: Final = frozenset(
    {
        DNS_ERROR, OS_ERROR, TLS_ERROR, VERIFY_CODE, CERTIFICATE_NAMES, CERTIFICATE_SUBJECT,
        CERTIFICATE_ISSUER, NOT_BEFORE, NOT_AFTER, MISSING_ISSUER, CHAIN_LENGTH, PHASE,
        REQUEST_SENT, SENT_BODY, CHECKED_BODY, REWRITTEN_AS,
    }
)  # fmt: skip
"""The names of facts."""


def answered(record: AttemptRecord, *names: str) -> tuple[tuple[str, str | None], ...]:
    """Evidence of a response: its status, these headers, and the beginning of its body."""
    status = f"{record.status} {record.head.reason}".strip()
    headers = [(f"Response header {name}", record.head.first(name)) for name in names]
    body = " ".join(record.text.split())[:500]
    return (("Response status", status), *headers, (RESPONSE_BODY, body or None))
