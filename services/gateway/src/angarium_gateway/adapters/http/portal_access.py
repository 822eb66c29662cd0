"""/api/v1/auth"""

import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode
from litestar import Controller, Request, get, post
from litestar.params import JSONBody

from angarium_gateway.application.configuration.create_missing import CreateMissing
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import NewPortalToken, PortalGrant
from angarium_gateway.domain.permissions import VIEWING, Capability

from .api_key_authentication import bearer_token
from .current_names import with_current_names
from .dependencies import Api, ApiDependencies, CurrentCaller
from .noted_changes import note_change
from .parameters import ApplicationRef
from .problems import Fault, Refused, invalid, refusal
from .schemas.applications import MissingApplicationIn
from .schemas.portal_access import (
    EXPIRY_S_MAX,
    ApplicationTokenExpireIn,
    AppPortalAccessIn,
    AppPortalAccessOut,
    DashboardAccessOut,
    WhoAmIOut,
    who_am_i_out,
)

PORTAL_PATH = "/portal"


class AuthenticationController(Controller):
    """Portal tokens, and who a caller is."""

    path = "/api/v1/auth"
    tags = ("Authentication",)

    @post(
        "/app-portal-access/{app_id:str}",
        operation_id="v1.authentication.app-portal-access",
        summary="Get a link to the portal",
        status_code=200,
    )
    async def app_portal_access(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[AppPortalAccessIn],
    ) -> AppPortalAccessOut:
        """Creates a portal token for an application, and returns it with a link to the portal.

        Whoever has the token sees and changes this application only, and only what the token's
        capabilities allow. It ends after `expiry` seconds, when it is logged out, or with *Expire
        all portal tokens*.
        """
        application_id = await _application(api, caller, app_id, data.application)
        token = await new_portal_token(api, caller, application_id, _grant(data), data.expiry)
        return AppPortalAccessOut(portal_link(api, request, application_id, token), token)

    @post(
        "/dashboard-access/{app_id:str}",
        operation_id="v1.authentication.dashboard-access",
        summary="Get a link to the portal (former name)",
        status_code=200,
    )
    async def dashboard_access(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
    ) -> DashboardAccessOut:
        """Creates a portal token that has all capabilities for 7 days. Clients of version 1 call
        this; *Get a link to the portal* is its successor.
        """
        application_id = await _application(api, caller, app_id, None)
        grant = PortalGrant(frozenset(Capability))
        token = await new_portal_token(api, caller, application_id, grant, None)
        return DashboardAccessOut(portal_link(api, request, application_id, token), token)

    @post(
        "/logout",
        operation_id="v1.authentication.logout",
        summary="Log out",
        status_code=204,
    )
    async def logout(
        self, request: Request[Caller, bytes, Any], api: Api, caller: CurrentCaller
    ) -> None:
        """Ends the portal token that the request is made with, or the API key that was made by
        signing in to the console, and answers `204`. All servers refuse it within a second. Other
        API keys are revoked instead, and get `403` here.
        """
        if isinstance(caller.grant, PortalGrant):
            await log_out(api, caller, request)
            return
        await api.keys.revoke(caller.tenant_id, caller.key_id)
        note_change({"revoked": False}, {"revoked": True})
        api.access.forget(bearer_token(request))

    @post(
        "/app/{app_id:str}/expire-all",
        operation_id="v1.authentication.expire-all",
        summary="Expire all portal tokens",
        status_code=204,
    )
    async def expire_all(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[ApplicationTokenExpireIn],
    ) -> None:
        """Ends the portal tokens of an application, or those of some sessions, and answers `204`.
        All servers refuse them within a second.
        """
        application_id = await _application(api, caller, app_id, None)
        await expire_tokens(api, caller, application_id, data.session_ids or None, data.expiry or 0)

    @get("/whoami", operation_id="v1.authentication.whoami", summary="Get the own identity")
    async def whoami(self, caller: CurrentCaller) -> WhoAmIOut:
        """Returns the API key or portal token that the request is made with, and what it may do."""
        return who_am_i_out(caller)


async def log_out(
    api: ApiDependencies, caller: Caller, request: Request[Caller, bytes, Any]
) -> None:
    """End the portal token of a request, noted for the audit log."""
    await api.portal_tokens.expire(caller.tenant_id, caller.key_id)
    note_change({"expired": False}, {"expired": True})
    api.access.forget(bearer_token(request))


async def expire_tokens(
    api: ApiDependencies,
    caller: Caller,
    application_id: bytes,
    session_ids: Collection[str] | None,
    in_s: int,
) -> None:
    """Let the portal tokens of an application of any kind end in `in_s` seconds, with
    `session_ids` those of these sessions. Noted for the audit log."""
    at = datetime.now(UTC) + timedelta(seconds=in_s)
    await api.portal_tokens.expire_all(
        caller.tenant_id, application_id, session_ids=session_ids, at=at
    )
    note_change(
        None,
        {
            "appId": format_id(APPLICATION, application_id),
            "sessionIds": None if session_ids is None else sorted(session_ids),
            "expireAt": at,
        },
    )


def _grant(data: AppPortalAccessIn) -> PortalGrant:
    """The grant of a new token. Raises `Refused` (422) for a contradiction."""
    capabilities = frozenset(Capability if data.capabilities is None else data.capabilities)
    if Capability.VIEW_BASE not in capabilities:
        message = "`ViewBase` is always required. Add it."
        raise Refused(invalid(Fault(("body", "capabilities"), message)))
    if data.read_only and data.capabilities is None:
        capabilities = frozenset({Capability.VIEW_BASE})
    if data.read_only and not capabilities <= VIEWING:
        changing = ", ".join(f"`{one}`" for one in sorted(capabilities - VIEWING))
        message = f"A read-only token cannot have {changing}. Leave out one of the two."
        raise Refused(invalid(Fault(("body", "readOnly"), message)))
    return PortalGrant(capabilities, frozenset(data.feature_flags or ()), data.session_id)


async def _application(
    api: ApiDependencies, caller: Caller, ref: str, brought: MissingApplicationIn | None
) -> bytes:
    found = await api.directory.find(caller.tenant_id, ref)
    if isinstance(found, Problem) and found.code is ProblemCode.NOT_FOUND and brought is not None:
        brought = with_current_names(brought, "application")
        found = await CreateMissing(api.change_configuration)(
            caller.tenant_id, ref, brought, applications_max=caller.tenant.applications_max
        )
    if isinstance(found, Problem):
        raise Refused(refusal(found))
    return found.id


async def new_portal_token(
    api: ApiDependencies,
    caller: Caller,
    application_id: bytes,
    grant: PortalGrant,
    expiry_s: int | None,
) -> str:
    """A new portal token for an application of any kind, noted for the audit log."""
    expires_at = datetime.now(UTC) + timedelta(seconds=expiry_s or EXPIRY_S_MAX)
    new = NewPortalToken(caller.tenant_id, application_id, grant, expires_at)
    created = await api.portal_tokens.create(new)
    note_change(
        None,
        {
            "appId": format_id(APPLICATION, application_id),
            "capabilities": sorted(grant.capabilities),
            "featureFlags": sorted(grant.feature_flags),
            "sessionId": grant.session_id,
            "expiresAt": expires_at,
        },
    )
    return created.token


def origin_of(api: ApiDependencies, request: Request[Caller, Any, Any]) -> str:
    """Where clients reach the API, without a slash at the end."""
    origin = api.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return origin.rstrip("/")


def portal_link(
    api: ApiDependencies, request: Request[Caller, bytes, Any], application_id: bytes, token: str
) -> str:
    """A URL of the portal with the token in its fragment."""
    login = {"appId": format_id(APPLICATION, application_id), "token": token}
    key = base64.urlsafe_b64encode(msgspec.json.encode(login)).decode("ascii").rstrip("=")
    return f"{origin_of(api, request)}{PORTAL_PATH}#key={key}"
