"""/ingest/api/v1/source"""

from typing import Annotated, Any

from angarium_contracts.queries import Page
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import PortalGrant
from angarium_gateway.domain.permissions import Capability

from .dependencies import Api, CurrentCaller
from .gzip_bodies import UNCOMPRESSED
from .parameters import NAME_CHARS_MAX, ordered_page
from .portal_access import new_portal_token, portal_link
from .schemas.fields import NAME_PATTERN
from .schemas.ingest import (
    IngestSourceConsumerPortalAccessIn,
    IngestSourceIn,
    IngestSourceOut,
    RotateTokenOut,
)
from .schemas.lists import ListResponse
from .schemas.portal_access import AppPortalAccessOut
from .source_requests import SourceRequests

SourceRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The source's id or uid."
    ),
]


class IngestSourceController(Controller):
    """Sources: URLs at which webhooks of other senders are received."""

    path = "/ingest/api/v1/source"
    tags = ("Ingest Source",)

    @get(
        operation_id="v1.ingest.source.list",
        summary="List sources",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
        opt={UNCOMPRESSED: True},
    )
    async def list_sources(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
    ) -> ListResponse[IngestSourceOut]:
        """Returns the tenant's sources, in the order they were created unless `order` says
        otherwise.
        """
        sources, found = await SourceRequests(api, caller, request).list(page)
        return ListResponse(
            data=sources,
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.ingest.source.create",
        summary="Create a source",
        opt={UNCOMPRESSED: True},
    )
    async def create_source(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        data: JSONBody[IngestSourceIn],
    ) -> IngestSourceOut:
        """Creates a source and answers `201` with its `ingestUrl`, at which it receives webhooks.

        A webhook whose signature fits `type` and `config` is stored and answered with `202`, or the
        status that the sender needs, and delivered to the source's endpoints. Any other gets `401`.
        """
        return await SourceRequests(api, caller, request).create(data)

    @get(
        "/{source_id:str}",
        operation_id="v1.ingest.source.get",
        summary="Get a source",
        opt={UNCOMPRESSED: True},
    )
    async def get_source(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        source_id: SourceRef,
    ) -> IngestSourceOut:
        """Returns a source by its id or uid."""
        return await SourceRequests(api, caller, request).get(source_id)

    @put(
        "/{source_id:str}",
        operation_id="v1.ingest.source.update",
        summary="Replace or create a source",
        responses={201: ResponseSpec(IngestSourceOut, description="The source was created.")},
        opt={UNCOMPRESSED: True},
    )
    async def update_source(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        source_id: SourceRef,
        data: JSONBody[IngestSourceIn],
    ) -> Response[IngestSourceOut]:
        """Replaces every member of the source, its type and configuration too. Kept are its URL,
        its endpoints, and the `uid` that the path names.

        If no source has this uid, one is created with it, and the answer is `201`.
        """
        source, created = await SourceRequests(api, caller, request).replace(source_id, data)
        return Response(source, status_code=201 if created else 200)

    @delete("/{source_id:str}", operation_id="v1.ingest.source.delete", summary="Delete a source")
    async def delete_source(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        source_id: SourceRef,
    ) -> None:
        """Deletes the source and its endpoints, cancels their pending deliveries, and answers
        `204`. Its URL is refused within a second.
        """
        await SourceRequests(api, caller, request).delete(source_id)

    @post(
        "/{source_id:str}/token/rotate",
        operation_id="v1.ingest.source.rotate-token",
        summary="Rotate the URL of a source",
        status_code=200,
        opt={UNCOMPRESSED: True},
    )
    async def rotate_token(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        source_id: SourceRef,
    ) -> RotateTokenOut:
        """Gives the source a new URL and returns it. The URL before it works for 48 hours more.
        While three earlier URLs work, the answer is `409`.
        """
        return await SourceRequests(api, caller, request).rotate_token(source_id)

    @post(
        "/{source_id:str}/dashboard",
        operation_id="v1.ingest.authentication.consumer-portal-access",
        summary="Get a link to the portal of a source",
        status_code=200,
    )
    async def consumer_portal_access(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        source_id: SourceRef,
        data: JSONBody[IngestSourceConsumerPortalAccessIn],
    ) -> AppPortalAccessOut:
        """Creates a portal token for the source, and returns it with a link to the portal. Whoever
        has it sees and changes the endpoints of this source only; with `readOnly` it may only view.
        """
        source = await SourceRequests(api, caller, request).existing(source_id)
        capabilities = {Capability.VIEW_BASE} if data.read_only else Capability
        grant = PortalGrant(frozenset(capabilities))
        token = await new_portal_token(api, caller, source.id, grant, data.expiry)
        return AppPortalAccessOut(portal_link(api, request, source.id, token), token)
