"""/api/v1/auth/sign-in, …/methods and …/oidc"""

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from angarium_gateway.application.tenants.api_keys import CreatedKey
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.oidc_sign_in import SignInRefused

from .dependencies import Api, ApiDependencies
from .noted_changes import note_change
from .operation_needs import PUBLIC
from .problems import ProblemAnswer, Refused, problem_answer, unavailable
from .schemas.sign_in import (
    OidcIn,
    OidcMethodOut,
    OidcOut,
    SignInIn,
    SignInMethodsOut,
    SignInOut,
    sign_in_out,
)

CALLBACK_PATH: Final = "/api/v1/auth/oidc/callback"
CONSOLE_PATH: Final = "/console"
_PARAMETER_CHARS_MAX: Final = 4_096
_HEADERS: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class SignInController(Controller):
    """Signing in to the console. What it needs is in the request, not in an API key."""

    path = "/api/v1/auth"
    tags = ("Authentication",)
    opt = {PUBLIC: True}  # noqa: RUF012 - Litestar reads it from the class

    @get(
        "/methods",
        operation_id="v1.authentication.list-methods",
        summary="List the ways to sign in",
    )
    async def list_methods(self, api: Api) -> SignInMethodsOut:
        """Returns the ways in which people can sign in to the console, without an API key."""
        oidc = None if api.oidc is None else OidcMethodOut(name=api.oidc.name)
        return SignInMethodsOut(api_key=True, sign_in_link=True, oidc=oidc)

    @post(
        "/oidc",
        operation_id="v1.authentication.begin-oidc",
        summary="Begin to sign in with OpenID Connect",
        status_code=200,
    )
    async def begin_oidc(self, api: Api, data: JSONBody[OidcIn]) -> OidcOut:
        """Returns the URL of the identity provider to which the browser goes. The provider sends it
        back to this server, and this server to the console, with a code in the fragment, which
        *Sign in to the console* exchanges.

        The answer is `403` if the operator has not set OpenID Connect up.
        """
        if api.oidc is None:
            raise Refused(_not_set_up())
        # Whatever the 43rd digit has beyond the 32 bytes is dropped.
        challenge = base64.urlsafe_b64decode(data.challenge + "=")
        url = await api.oidc.begin(challenge)
        if isinstance(url, SignInRefused):
            raise Refused(unavailable(url.detail))
        return OidcOut(authorization_url=url)

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


def oidc_callback_route() -> HTTPRouteHandler:
    """The route to which the identity provider sends browsers back. It is not in the API's
    document: no client of the API calls it."""

    @get(CALLBACK_PATH, opt={PUBLIC: True})
    async def oidc_callback(request: Request[Any, bytes, Any], api: Api) -> Response[bytes]:
        """Sends the browser on to the console: with a code, or with an error and its sentence."""
        outcome = await _outcome(api, request.query_params)
        if isinstance(outcome, SignInRefused):
            await api.access.slow_down(request.scope, LoginFailure.UNKNOWN)
            fragment = {"error": outcome.code, "detail": outcome.detail}
        else:
            fragment = {"code": outcome}
        # `public_url` is set wherever OpenID Connect is.
        console = f"{(api.public_url or '').rstrip('/')}{CONSOLE_PATH}#{urlencode(fragment)}"
        return Response(b"", status_code=303, headers={**_HEADERS, "location": console})

    return oidc_callback


async def _outcome(api: ApiDependencies, given: Mapping[str, str]) -> str | SignInRefused:
    if api.oidc is None:
        return SignInRefused("not_set_up", "OpenID Connect is not set up on this server.")
    state, code = given.get("state", ""), given.get("code", "")
    if "error" in given:
        return SignInRefused("provider_refused", "The identity provider did not sign you in.")
    if not state or not code or len(code) > _PARAMETER_CHARS_MAX:
        return SignInRefused("incomplete", "The identity provider's answer is incomplete.")
    return await api.oidc.end(state, code)


def _not_set_up() -> ProblemAnswer:
    return problem_answer(
        403,
        "oidc_not_set_up",
        "OpenID Connect is not set up",
        "OpenID Connect is not set up on this server. Sign in with an API key or a link.",
    )


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
