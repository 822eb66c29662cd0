"""Rules for the custom headers of endpoints: names, sizes, and which values are secret. Pure.

The API that stores headers and the sender that writes them share these rules.
"""

import re
from collections.abc import Mapping
from typing import Final

HEADERS_MAX: Final = 50
HEADER_BYTES_MAX: Final = 4_096
"""The limit for the name and value of one header."""
HEADERS_BYTES_MAX: Final = 16_384
"""The limit for all custom headers, so that receivers accept the head of the request."""
NAME_CHARS_MAX: Final = 256

RESERVED_NAMES: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""Headers that only the sender may write: request framing (RFC 9112) and its own name."""

_FORBIDDEN_NAMES: Final = RESERVED_NAMES | {"traceparent", "tracestate"}
_FORBIDDEN_BEGINNINGS: Final = ("content-", "webhook-", "svix-", "proxy-", "sec-")
_TOKEN = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Za-z-]{{1,{NAME_CHARS_MAX}}}")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")

_SENSITIVE_NAMES: Final = frozenset({"authorization", "cookie", "x-api-key"})
_SENSITIVE_PARTS: Final = (
    "auth", "api-key", "apikey", "credential", "key", "passw", "secret", "session", "signature",
    "token",
)  # fmt: skip


class HeaderRefused(ValueError):
    """A custom header cannot be sent. The text says what to change, and never contains a value,
    which may be secret."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(remedy)
        self.name = name


def check_custom_headers(headers: Mapping[str, str]) -> None:
    """Check custom headers. Raises `HeaderRefused` for the first one that is not allowed."""
    if len(headers) > HEADERS_MAX:
        raise HeaderRefused("", f"Give at most {HEADERS_MAX} headers, not {len(headers)}.")
    seen: set[str] = set()
    for name, value in headers.items():
        _check_name(name)
        check_header_value(name, value)
        if name.lower() in seen:
            raise HeaderRefused(name, f"Give {name} once; letter case makes no difference.")
        seen.add(name.lower())
    size_bytes = sum(len(name) + len(value) for name, value in headers.items())
    if size_bytes > HEADERS_BYTES_MAX:
        raise HeaderRefused(
            "", f"All headers together have at most {HEADERS_BYTES_MAX} bytes; shorten them."
        )


def check_header_value(name: str, value: str) -> None:
    """Check the value of one header. Raises `HeaderRefused`."""
    if _VALUE.fullmatch(value) is None:
        raise HeaderRefused(
            name,
            f"The value of {name} may have printable ASCII characters only, and no space at"
            " either end.",
        )
    if len(name) + len(value) > HEADER_BYTES_MAX:
        raise HeaderRefused(
            name, f"{name} and its value have at most {HEADER_BYTES_MAX} bytes; shorten it."
        )


def is_sensitive(name: str) -> bool:
    """Return True if the header's value is treated as a secret, which no response contains."""
    lowered = name.lower()
    return lowered in _SENSITIVE_NAMES or any(part in lowered for part in _SENSITIVE_PARTS)


def _check_name(name: str) -> None:
    if _TOKEN.fullmatch(name) is None:
        raise HeaderRefused(
            name[:64],
            f"{name[:64]!r} is not a header name; use letters, digits and hyphens,"
            f" at most {NAME_CHARS_MAX}.",
        )
    lowered = name.lower()
    if lowered == "content-type":
        raise HeaderRefused(name, f"{name} cannot be a header; leave it out, or set `contentType`.")
    if lowered in _FORBIDDEN_NAMES:
        raise HeaderRefused(name, f"{name} is set by Angarium and cannot be changed; leave it out.")
    beginning = next(filter(lowered.startswith, _FORBIDDEN_BEGINNINGS), None)
    if beginning is not None:
        raise HeaderRefused(
            name, f"Names that begin with {beginning} are Angarium's; choose another name."
        )
