"""`Authorization: Bearer <API key>` (RFC 6750, section 2.1)."""

from typing import Any, override

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from angarium_gateway.application.tenants.authentication import Authenticator

from .login_refusals import LoginRefusals

PUBLIC = "exclude_from_auth"
"""Option of the routes that need no API key."""


class ApiKeyAuthentication(AbstractAuthenticationMiddleware):
    """Finds the caller of a request, or refuses it with 401."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, refusals: LoginRefusals) -> None:
        super().__init__(app, exclude_from_auth_key=PUBLIC)
        self._authenticator = authenticator
        self._refusals = refusals

    @override
    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            await self._refusals.refuse(connection.scope)
        caller = await self._authenticator.caller(token)
        if caller is None:
            await self._refusals.refuse(connection.scope)
        return AuthenticationResult(user=caller, auth=caller.key_id)
