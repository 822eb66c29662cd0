"""Authentication and authorization, as answers of the API."""

from collections.abc import Mapping
from typing import NoReturn

from litestar.types import Scope

from angarium_gateway.application.tenants.authentication import Authenticator, Caller, LoginFailure
from angarium_gateway.application.tenants.authorization import Authorizer, Forbidden
from angarium_gateway.application.tenants.rate_limiter import QuotaExceeded, RateLimiter
from angarium_gateway.domain.permissions import Permission
from angarium_gateway.domain.quotas import Rate

from .login_refusals import LoginRefusals
from .problems import Refused, forbidden, refusal
from .rate_limit_headers import exceeded, note_standings


class AccessControl:
    """Shared by all routes. `remembered` and `forget` are those of the `Authenticator`,
    `slow_down` is that of the `LoginRefusals`."""

    def __init__(
        self,
        authenticator: Authenticator,
        authorizer: Authorizer,
        refusals: LoginRefusals,
        limiter: RateLimiter,
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._refusals = refusals
        self._limiter = limiter
        self.remembered = authenticator.remembered
        self.forget = authenticator.forget
        self.slow_down = refusals.slow_down

    async def caller(self, token: str, scope: Scope) -> Caller:
        """The caller of a token. Raises `Refused` (401) and `JournalUnavailable`."""
        found = await self._authenticator.caller(token)
        if isinstance(found, LoginFailure):
            await self.refuse(scope, found)
        return found

    async def refuse(self, scope: Scope, failure: LoginFailure) -> NoReturn:
        """Raise `Refused` (401), after a while if the address fails often."""
        await self._refusals.refuse(scope, failure)

    async def still_admits(self, token: str, caller: Caller) -> bool:
        """True if the token is as valid as when `caller` was found by it. Raises
        `JournalUnavailable`."""
        found = await self._authenticator.again(token)
        return (
            isinstance(found, Caller)
            and not found.suspended
            and found.application_id == caller.application_id
            and found.permissions == caller.permissions
        )

    async def authorize(
        self,
        caller: Caller,
        needed: Permission,
        application_ref: str | None,
        *,
        is_stream: bool = False,
    ) -> None:
        """Raise `Refused` (403 or 404) if the caller may not do what needs `needed`, and
        `JournalUnavailable`."""
        refused = await self._authorizer(caller, needed, application_ref, is_stream=is_stream)
        if isinstance(refused, Forbidden):
            raise Refused(forbidden(refused.detail))
        if refused is not None:
            raise Refused(refusal(refused))

    async def spend(self, caller: Caller, costs: Mapping[Rate, int], scope: Scope) -> None:
        """Count a request, or what it brings, against the caller's quotas, and note in `scope` how
        they stand. Raises `Refused` (429)."""
        try:
            standings = await self._limiter.spend(caller.quotas, costs)
        except QuotaExceeded as refused:
            raise Refused(exceeded(refused.standing)) from None
        note_standings(scope, standings)
