"""HEAD, answered as GET without the body (RFC 9110, section 9.3.2)."""

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEAD_ONLY: Final = "angarium.head_only"
"""Key in the scope of a GET whose body nobody gets: one without end must end."""


class HeadRequests:
    """ASGI middleware in front of the router, which knows handlers of GET only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as GET, and leave out the body of its answer."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        as_get: Any = {**scope, "method": "GET", HEAD_ONLY: True}
        await self._app(as_get, receive, send_head)


class AllowedMethods:
    """Litestar's hook `before_send`: completes `Allow` in answers to OPTIONS, and in refusals.

    Litestar answers OPTIONS by one controller's method of the path, and knows nothing of HEAD.
    """

    def __init__(self) -> None:
        self._methods: dict[str, set[str]] = {}

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Put all methods of the path in its place."""
        if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
            return
        if scope["method"] == "OPTIONS" or message["status"] == 405:
            message["headers"] = [
                (name, self._allowed(scope, value.decode("latin-1")).encode())
                if name.lower() == b"allow"
                else (name, value)
                for name, value in message["headers"]
            ]

    def _allowed(self, scope: Scope, told: str) -> str:
        if not self._methods:
            for route in scope["litestar_app"].routes:
                if isinstance(route, HTTPRoute):
                    self._methods.setdefault(route.path_format, set()).update(route.methods)
        methods = {each.strip() for each in told.split(",")}
        if "path_template" in scope:
            methods |= self._methods.get(scope["path_template"], set())
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
