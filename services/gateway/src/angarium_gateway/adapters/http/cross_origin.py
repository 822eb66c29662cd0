"""CORS (the Fetch standard): browsers may use the API from the origins that the operator names.

Litestar's CORS stands inside its router, which messages do not pass, and overwrites `Vary`.
"""

import re
from collections.abc import Iterable
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from angarium_gateway.domain.cors_origins import ANY

MAX_AGE_S: Final = 600
_METHODS: Final = b"DELETE, GET, HEAD, PATCH, POST, PUT"
_EXPOSED: Final = b"etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after"
_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+\-.^_`|~, \t]{1,2000}")


class CrossOrigin:
    """ASGI middleware in front of everything; without origins it is left out.

    Browsers may send any header, and must send the API key themselves: nothing is ever taken from
    cookies, so that another origin gains nothing that a command line has not.
    """

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any = ANY.encode() in self._origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the request on and say who may read the answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        allowed = self._allowed(scope)

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *allowed]
            await send(message)

        preflight = self._preflight(scope) if len(allowed) > 1 else None
        if preflight is None:
            await self._app(scope, receive, send_with_origin)
            return
        await send_with_origin({"type": "http.response.start", "status": 204, "headers": preflight})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _allowed(self, scope: HTTPScope) -> list[tuple[bytes, bytes]]:
        origin = _field(scope, b"origin")
        if self._any:
            return [] if origin is None else _readable_by(b"*")
        vary = (b"vary", b"origin")
        if origin is None or origin not in self._origins:
            return [vary]
        return [vary, *_readable_by(origin)]

    def _preflight(self, scope: HTTPScope) -> list[tuple[bytes, bytes]] | None:
        """The headers of the answer to a preflight; None for any other request."""
        if scope["method"] != "OPTIONS" or _field(scope, b"access-control-request-method") is None:
            return None
        headers = [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", b"%d" % MAX_AGE_S),
        ]
        asked = _field(scope, b"access-control-request-headers")
        if asked is not None and _NAMES.fullmatch(asked):
            headers.append((b"access-control-allow-headers", asked))
        return headers


def _readable_by(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
    ]


def _field(scope: HTTPScope, name: bytes) -> bytes | None:
    return next((value for each, value in scope["headers"] if each == name), None)
