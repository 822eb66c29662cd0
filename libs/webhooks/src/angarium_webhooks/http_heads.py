"""Reading the recorded heads of HTTP requests and responses (RFC 9112).

A head may be cut, and that of a response may be anything that a receiver sent. Nothing raises.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

HEADERS_MAX: Final = 256
"""Headers of one head that are read; the rest is left out."""
_STATUS_LINE = re.compile(r"HTTP/(\d\.\d) (\d{3})(?: (.*))?")
_REQUEST_LINE = re.compile(r"([!-~]+) ([!-~]+) HTTP/(\d\.\d)")
_LINE_END = re.compile(r"\r?\n")


class RequestHead(Struct, frozen=True):
    """The head of a request. A part that is not there is None, and so is `method` of what is no
    request."""

    method: str | None
    target: str | None
    http_version: str | None
    headers: Sequence[tuple[str, str]]


class ResponseHead(Struct, frozen=True):
    """The head of a response; `status` is 0 for what is none."""

    http_version: str | None
    status: int
    reason: str
    headers: Sequence[tuple[str, str]]

    def first(self, name: str) -> str | None:
        """The value of the first header of this name; letter case makes no difference."""
        wanted = name.lower()
        return next((value for each, value in self.headers if each.lower() == wanted), None)


NO_RESPONSE: Final = ResponseHead(None, 0, "", ())


def read_request_head(head: bytes) -> RequestHead:
    """Read a request's head, without the empty line after it."""
    first, headers = _lines(head)
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        return RequestHead(None, None, None, headers)
    return RequestHead(line[1], line[2], line[3], headers)


def read_response_head(head: bytes) -> ResponseHead:
    """Read a response's head, without the empty line after it."""
    first, headers = _lines(head)
    line = _STATUS_LINE.match(first)
    if line is None:
        return NO_RESPONSE
    return ResponseHead(line[1], int(line[2]), (line[3] or "").strip(), headers)


def _lines(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    first, *rest = _LINE_END.split(head.decode("latin-1"), HEADERS_MAX)
    headers = []
    for line in rest[:HEADERS_MAX]:
        name, colon, value = line.partition(":")
        if colon and name:
            headers.append((name, value.strip()))
    return first, headers
