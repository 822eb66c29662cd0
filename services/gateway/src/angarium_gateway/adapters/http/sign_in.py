"""/api/v1/auth/sign-in"""

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.params import JSONBody

from angarium_gateway.application.tenants.api_keys import CreatedKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure

from .dependencies import Api
from .noted_changes import note_change
from .operation_needs import PUBLIC
from .problems import ProblemAnswer, Refused, problem_answer
from .schemas.sign_in import SignInIn, SignInOut, sign_in_out


class SignInController(Controller):
    """Signing in to the console. What it needs is in the request, not in an API key."""

    path = "/api/v1/auth"
    tags = ("Authentication",)
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar reads it from the class

    @post(
        "/sign-in",
        operation_id="v1.authentication.sign-in",
        summary="Sign in to the console",
        status_code=200,
    )
    async def sign_in(
        self, request: Request[Any, bytes, Any], api: Api, data: JSONBody[SignInIn]
    ) -> SignInOut:
        """Exchanges the code of a sign-in link for an API key, once. `angarium console link` prints
        such a link. Without an API key of its own, this request needs nothing but the code.

        A code that is unknown, expired or used gets `403`.
        """
        created = await api.sign_ins.complete(data.code, data.verifier)
        if created is None:
            await api.access.slow_down(request.scope, LoginFailure.UNKNOWN)
            raise Refused(_refused())
        answer = sign_in_out(created)
        # The new key is who makes this request, for the audit log.
        request.scope["user"] = _caller(created)
        shown = msgspec.to_builtins(answer)
        note_change(None, {name: shown[name] for name in shown if name != "token"})
        return answer


def _caller(created: CreatedKey) -> Caller:
    key = created.key
    return Caller(key.tenant_id, key.id, key.scope, expires_at=key.expires_at, subject=key.subject)


def _refused() -> ProblemAnswer:
    return problem_answer(
        403,
        "sign_in_refused",
        "This link does not work",
        "This sign-in link is expired, was used already, or is incomplete. Get a new one with"
        " `angarium console link`, or sign in again.",
    )
