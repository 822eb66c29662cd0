"""Judges the head of a request: what two servers could read differently is refused."""

import re

from .refusals import Refusal, RequestRefused, malformed

type Headers = list[tuple[bytes, bytes]]

_SINGLE = frozenset(
    (
        b"authorization",
        b"content-length",
        b"content-type",
        b"expect",
        b"host",
        b"idempotency-key",
        b"transfer-encoding",
    )
)
"""Fields of which a request may have one at most: of two, each reader could obey another."""
UNUSUAL_FIELDS = frozenset((b"expect", b"transfer-encoding"))
"""Fields that `judge` looks at, and most requests do not have."""
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])?(?::[0-9]*)?")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)


def header_bytes(headers: Headers) -> int:
    """Size of the header fields on the wire, in bytes."""
    return sum(len(name) + len(value) + 4 for name, value in headers)


def judge(version: str, method: bytes, fields: dict[bytes, bytes], headers: Headers) -> None:
    """Raise `RequestRefused` unless the head is sound. `fields` are `headers` by name."""
    refusal = _refusal(version, method, fields, headers)
    if refusal is not None:
        raise RequestRefused(refusal)


def _refusal(
    version: str, method: bytes, fields: dict[bytes, bytes], headers: Headers
) -> Refusal | None:
    if version not in ("1.1", "1.0"):
        return Refusal(
            505,
            "http_version_not_supported",
            "HTTP version not supported",
            f"HTTP/{version} is not supported. Use HTTP/1.1.",
        )
    if method == b"CONNECT":
        return Refusal(
            501,
            "not_implemented",
            "Not implemented",
            "This server is no proxy. Use another method.",
        )
    if len(fields) != len(headers):
        twice = _twice(headers)
        if twice is not None:
            return malformed(f"The header field {twice} is there twice. Send it once.")
    return _judge_host(version, fields) or _judge_framing(version, fields)


def _twice(headers: Headers) -> str | None:
    seen = set()
    for name, _ in headers:
        if name in _SINGLE:
            if name in seen:
                return name.decode().title()
            seen.add(name)
    return None


def _judge_host(version: str, fields: dict[bytes, bytes]) -> Refusal | None:
    host = fields.get(b"host")
    if host is None:
        if version == "1.0":
            return None
        return malformed("The header field Host is missing (RFC 9112, section 3.2). Send it.")
    if _HOST.fullmatch(host.strip(b" \t")) is None:
        return malformed("The header field Host is not a host with an optional port. Correct it.")
    return None


def _judge_framing(version: str, fields: dict[bytes, bytes]) -> Refusal | None:
    if b"transfer-encoding" in fields:
        coding = fields[b"transfer-encoding"].strip(b" \t").lower()
        if version == "1.0":
            return malformed("HTTP/1.0 has no Transfer-Encoding. Use HTTP/1.1 or Content-Length.")
        if coding != b"chunked":
            return Refusal(
                501,
                "not_implemented",
                "Transfer coding not supported",
                "The only Transfer-Encoding that is supported is chunked. Send the body with it"
                " or with a Content-Length.",
            )
    expectation = fields.get(b"expect")
    if expectation is not None and expectation.strip(b" \t").lower() != b"100-continue":
        return Refusal(
            417,
            "expectation_failed",
            "Expectation not supported",
            "The only Expect that is supported is 100-continue. Leave the header field out.",
        )
    return None


def origin_form(target: bytes, host: bytes) -> bytes:
    """The path and query of a request target (RFC 9112, section 3.2). Raises `RequestRefused`."""
    if b"#" in target:
        raise RequestRefused(
            malformed("The URL of a request has no fragment. Leave out the # and what follows.")
        )
    if target.startswith(b"/"):
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise RequestRefused(
            malformed("The URL must be a path, such as /api/v1/health. Correct it.")
        )
    if absolute[1].lower() != host.strip(b" \t").lower():
        raise RequestRefused(
            malformed("The URL and the header field Host name different hosts. Correct one.")
        )
    return (absolute[2] or b"/") + (absolute[3] or b"")
