"""gzip (RFC 1952) in both directions: bodies of requests, and answers."""

import asyncio
import gzip
import re
import zlib
from collections.abc import Iterator
from typing import Final

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from .problems import Fault, Refused, coded_body, invalid, too_large

UNCOMPRESSED: Final = "uncompressed"
"""Option of the routes whose answers hold secrets: they are never compressed."""
CODED_TAG: Final = "-gzip"
"""Ends the ETag of a compressed answer, which has other bytes (RFC 9110, section 8.8.3.3)."""

ANSWER_BYTES_MIN: Final = 1024
"""Smaller answers fit into a packet anyway."""
IN_A_THREAD_BYTES_MIN: Final = 128 * 1024
"""Compressing that many takes more than a millisecond."""
_LEVEL: Final = 1
"""The fastest. On JSON it saves nearly as much as the others."""
_TEXT: Final = re.compile(rb"(application/(problem\+)?json|text/\w+)(;.*)?", re.DOTALL)
_WITH_HEADER: Final = zlib.MAX_WBITS | 16
_BROKEN: Final = invalid(
    Fault(
        ("body",), "The body is not one complete gzip member. Compress it again, or send it bare."
    )
)


def is_gzip(coding: str) -> bool:
    """True for gzip, False for none. Raises `Refused` (415) for any other content coding."""
    name = coding.strip().lower()
    if name not in {"gzip", "x-gzip", "identity", ""}:
        raise Refused(coded_body(coding))
    return name.endswith("gzip")


class Inflation:
    """A body that comes compressed, part by part; `bytes_max` bounds what it inflates to."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes_left = bytes_max
        self._member = zlib.decompressobj(_WITH_HEADER)

    def inflate(self, part: bytes) -> bytes:
        """The text that this part adds. Raises `Refused`: 413 before more than one byte too many is
        inflated, 422 for what is not gzip."""
        try:
            added = self._member.decompress(part, self._bytes_left + 1)
        except zlib.error:
            raise Refused(_BROKEN) from None
        self._bytes_left -= len(added)
        if self._bytes_left < 0:
            raise Refused(too_large(self._bytes_max))
        if self._member.unused_data:
            raise Refused(_BROKEN)
        return added

    def finish(self) -> None:
        """Call this at the end of the body. Raises `Refused` (422) if it broke off."""
        if not self._member.eof:
            raise Refused(_BROKEN)


def inflated(body: bytes, bytes_max: int) -> bytes:
    """A whole body. Raises `Refused`, as `Inflation` does."""
    inflation = Inflation(bytes_max)
    text = inflation.inflate(body)
    inflation.finish()
    return text


class InflatedRequests:
    """ASGI middleware that inflates bodies as they are read, so that all behind it sees, hashes
    and bounds what the client meant. Stands inside the authentication."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body as it was before compression."""
        coding = Headers.from_scope(scope).get("content-encoding")
        if coding is None or scope["type"] != ScopeType.HTTP or not is_gzip(coding):
            await self._app(scope, receive, send)
            return
        inflation = Inflation(body_bytes_max(scope))

        async def receive_inflated() -> Message:
            event = await receive()
            if event["type"] == "http.request":
                event["body"] = inflation.inflate(event["body"])
                if not event.get("more_body"):
                    inflation.finish()
            return event  # type: ignore[return-value]

        await self._app(scope, receive_inflated, send)  # type: ignore[arg-type]


def body_bytes_max(scope: Scope) -> int:
    """The most bytes that the body of a request may have, by its operation."""
    handler = scope["route_handler"]
    limit = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else 0
    return limit or 0


class CompressedAnswers:
    """ASGI middleware that compresses the answers of GETs for clients that accept it.

    The length of a compressed answer tells how much two parts of it resemble each other: who can
    have a secret answered together with a text of their own, over and over, learns the secret
    (BREACH). Only a browser that adds credentials by itself lets others do that, and this API
    takes a token that the caller must have. All the same nothing that repeats a request's body is
    compressed, and no route that answers with a secret (`UNCOMPRESSED`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in gzip where that is worth it."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: HTTPResponseStartEvent | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                if start["status"] == 304:
                    _add_header(start, b"vary", b"accept-encoding")
                elif message["type"] == "http.response.body" and _is_compressible(
                    scope, start, message["body"], more=message.get("more_body", False)
                ):
                    _add_header(start, b"vary", b"accept-encoding")
                    if accepts_gzip(Headers.from_scope(scope).getall("accept-encoding", [])):
                        message["body"] = await _compressed(message["body"])
                        _mark_compressed(start, len(message["body"]))
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, send_compressed)


def accepts_gzip(fields: list[str]) -> bool:
    """True if `Accept-Encoding` (RFC 9110, section 12.5.3) allows gzip."""
    weights = dict(_codings(",".join(fields)))
    named = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    return max(named) > 0 if named else weights.get("*", 0.0) > 0


def _codings(field: str) -> Iterator[tuple[str, float]]:
    for each in field.split(","):
        name, _, parameter = each.partition(";")
        _, _, weight = parameter.partition("=")
        try:
            yield name.strip().lower(), float(weight) if parameter else 1.0
        except ValueError:
            yield name.strip().lower(), 0.0


def _is_compressible(
    scope: Scope, start: HTTPResponseStartEvent, body: bytes, *, more: bool
) -> bool:
    headers = dict(start["headers"])
    handler = scope.get("route_handler")
    return (
        not more
        and len(body) >= ANSWER_BYTES_MIN
        and b"content-encoding" not in headers
        and _TEXT.fullmatch(headers.get(b"content-type", b"")) is not None
        and UNCOMPRESSED not in getattr(handler, "opt", {})
    )


async def _compressed(body: bytes) -> bytes:
    if len(body) < IN_A_THREAD_BYTES_MIN:
        return gzip.compress(body, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)


def _mark_compressed(start: HTTPResponseStartEvent, size_bytes: int) -> None:
    start["headers"] = [
        (name, value[:-1] + CODED_TAG.encode() + b'"' if name == b"etag" else value)
        for name, value in start["headers"]
        if name != b"content-length"
    ]
    _add_header(start, b"content-length", b"%d" % size_bytes)
    _add_header(start, b"content-encoding", b"gzip")


def _add_header(start: HTTPResponseStartEvent, name: bytes, value: bytes) -> None:
    start["headers"] = [*start["headers"], (name, value)]
