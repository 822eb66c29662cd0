"""`Authorization: Bearer <API key>` (RFC 6750, section 2.1)."""

from typing import Any, override

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from angarium_gateway.application.tenants.authentication import Authenticator

from .problems import Refused, unauthenticated

PUBLIC = "exclude_from_auth"
"""Option of the routes that need no API key."""


class ApiKeyAuthentication(AbstractAuthenticationMiddleware):
    """Finds the caller of a request, or refuses it with 401."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        super().__init__(app, exclude_from_auth_key=PUBLIC)
        self._authenticator = authenticator

    @override
    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(unauthenticated())
        caller = await self._authenticator.caller(token)
        if caller is None:
            raise Refused(unauthenticated())
        return AuthenticationResult(user=caller, auth=caller.key_id)
