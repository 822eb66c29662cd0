"""`Authorization: Bearer <API key>` (RFC 6750, section 2.1)."""

from typing import Any, override

from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from angarium_gateway.domain.quotas import Rate

from .access_control import AccessControl
from .operation_needs import PUBLIC, need_of


class ApiKeyAuthentication(AbstractAuthenticationMiddleware):
    """Finds the caller of a request, and refuses what it may not do with 401, 403 or 404."""

    def __init__(self, app: ASGIApp, access: AccessControl) -> None:
        super().__init__(app, exclude_from_auth_key=PUBLIC)
        self._access = access

    @override
    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scope = connection.scope
        caller = await self._access.caller(bearer_token(connection), scope)
        # Before the authorization, so that the audit log has the requests that it refuses.
        scope["user"] = caller
        handler = scope["route_handler"]
        if not isinstance(handler, HTTPRouteHandler):
            raise TypeError("every route of the API is an HTTP route")
        if caller.quotas:
            await self._access.spend(caller, {Rate.REQUESTS: 1}, scope)
        names = scope["path_params"]
        is_stream = "stream_id" in names
        named = names.get("stream_id" if is_stream else "app_id")
        await self._access.authorize(
            caller,
            need_of(handler),
            None if named is None else str(named),
            is_stream=is_stream,
        )
        return AuthenticationResult(user=caller, auth=caller.key_id)


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token of a request; an empty text if it has none."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
