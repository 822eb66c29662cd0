"""Answers to requests that never reach the application: RFC 9457 problem details."""

from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

import msgspec

from .limits import HttpLimits

_TYPE_PREFIX = "urn:angarium:problem:"


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused; `detail` says what to change."""

    status: int
    code: str
    title: str
    detail: str
    retry_after_s: int | None = None

    @cached_property
    def answer(self) -> bytes:
        """The whole answer, after which the connection is closed."""
        body = msgspec.json.encode(
            {
                "type": _TYPE_PREFIX + self.code,
                "title": self.title,
                "status": self.status,
                "code": self.code,
                "detail": self.detail,
            }
        )
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            "x-content-type-options: nosniff",
            "connection: close",
        ]
        if self.retry_after_s is not None:
            lines.append(f"retry-after: {self.retry_after_s}")
        return "\r\n".join((*lines, "", "")).encode() + body


class RequestRefused(Exception):
    """Ends the parsing of a request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def malformed(detail: str) -> Refusal:
    """400: the request can be read in two ways, or in none."""
    return Refusal(400, "bad_request", "Bad request", detail)


def target_too_long(limits: HttpLimits) -> Refusal:
    """414."""
    return Refusal(
        414,
        "uri_too_long",
        "The URL is too long",
        f"The path and query of a URL may have at most {limits.target_bytes_max} bytes. Send less.",
    )


def headers_too_large(limits: HttpLimits) -> Refusal:
    """431, for headers, trailers and chunk extensions."""
    return Refusal(
        431,
        "headers_too_large",
        "The headers are too large",
        f"A request may have at most {limits.header_fields_max} header fields of"
        f" {limits.header_bytes_max} bytes in all, and as much in trailers and chunk extensions."
        " Send fewer or shorter ones.",
    )


def timed_out(what: str) -> Refusal:
    """408."""
    return Refusal(
        408,
        "request_timeout",
        "The request took too long",
        f"The {what} of the request did not arrive in time. Send the request again at once.",
    )


NOT_HTTP = malformed("This is not a valid HTTP/1.1 request (RFC 9112). Use another HTTP client.")
TOO_MANY_CHUNKS = malformed(
    "The body comes in too many small chunks. Send larger chunks, or a Content-Length."
)
TOO_MANY_CONNECTIONS = Refusal(
    503,
    "too_many_connections",
    "Too many connections",
    "The server has no room for another connection. Close connections that are not used, reuse"
    " open ones, or try again later.",
    retry_after_s=1,
)
