"""Who calls and whether they may: authentication and authorization as answers of the API."""

from litestar.types import Scope

from angarium_gateway.application.tenants.authentication import Authenticator, Caller, LoginFailure
from angarium_gateway.application.tenants.authorization import Authorizer, Forbidden
from angarium_gateway.domain.permissions import Permission

from .login_refusals import LoginRefusals
from .problems import Refused, forbidden, refusal


class AccessControl:
    """Shared by all routes. `remembered` and `forget` are those of the
    `Authenticator`."""

    def __init__(
        self, authenticator: Authenticator, authorizer: Authorizer, refusals: LoginRefusals
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._refusals = refusals
        self.remembered = authenticator.remembered
        self.forget = authenticator.forget

    async def caller(self, token: str, scope: Scope) -> Caller:
        """The caller of a token. Raises `Refused` (401) and `JournalUnavailable`."""
        found = await self._authenticator.caller(token)
        if isinstance(found, LoginFailure):
            await self._refusals.refuse(scope, found)
        return found

    async def authorize(
        self, caller: Caller, needed: Permission, application_ref: str | None
    ) -> None:
        """Raise `Refused` (403 or 404) if the caller may not do what needs `needed`, and
        `JournalUnavailable`."""
        refused = await self._authorizer(caller, needed, application_ref)
        if isinstance(refused, Forbidden):
            raise Refused(forbidden(refused.detail))
        if refused is not None:
            raise Refused(refusal(refused))
