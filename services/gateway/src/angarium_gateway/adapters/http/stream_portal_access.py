"""/api/v1/auth/stream-…: portal tokens of streams."""

from typing import Any

from litestar import Controller, Request, post
from litestar.params import JSONBody

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import PortalGrant
from angarium_gateway.domain.permissions import Capability

from .dependencies import Api, CurrentCaller
from .portal_access import expire_tokens, log_out, new_portal_token, portal_link
from .schemas.portal_access import AppPortalAccessOut
from .schemas.streams import StreamPortalAccessIn, StreamTokenExpireIn
from .stream_requests import StreamRef, StreamRequests


class StreamPortalController(Controller):
    """Portal tokens of streams."""

    path = "/api/v1/auth"
    tags = ("Stream",)

    @post(
        "/stream-portal-access/{stream_id:str}",
        operation_id="v1.authentication.stream-portal-access",
        summary="Get a link to the portal of a stream",
        status_code=200,
    )
    async def stream_portal_access(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        stream_id: StreamRef,
        data: JSONBody[StreamPortalAccessIn],
    ) -> AppPortalAccessOut:
        """Creates a portal token for a stream, and returns it with a link to the portal. Whoever
        has it sees and changes the sinks of this stream only.
        """
        stream = await StreamRequests(api, caller).get(stream_id)
        flags = frozenset(data.feature_flags or ())
        grant = PortalGrant(frozenset(Capability), flags, data.session_id)
        token = await new_portal_token(api, caller, stream.id, grant, data.expiry)
        return AppPortalAccessOut(portal_link(api, request, stream.id, token), token)

    @post(
        "/stream-logout",
        operation_id="v1.authentication.stream-logout",
        summary="Log out of the portal of a stream",
        status_code=204,
    )
    async def stream_logout(
        self, request: Request[Caller, bytes, Any], api: Api, caller: CurrentCaller
    ) -> None:
        """Ends the portal token that the request is made with, and answers `204`. All servers
        refuse it within a second. API keys get `403` here.
        """
        await log_out(api, caller, request)

    @post(
        "/stream/{stream_id:str}/expire-all",
        operation_id="v1.authentication.stream-expire-all",
        summary="Expire all portal tokens of a stream",
        status_code=204,
    )
    async def stream_expire_all(
        self,
        api: Api,
        caller: CurrentCaller,
        stream_id: StreamRef,
        data: JSONBody[StreamTokenExpireIn],
    ) -> None:
        """Ends the portal tokens of a stream, or those of some sessions, and answers `204`. All
        servers refuse them within a second.
        """
        stream = await StreamRequests(api, caller).get(stream_id)
        await expire_tokens(api, caller, stream.id, data.session_ids or None, data.expiry or 0)
