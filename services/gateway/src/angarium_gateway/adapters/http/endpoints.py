"""/api/v1/app/{app_id}/endpoint"""

from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .entity_tags import WritePrecondition
from .parameters import ApplicationRef, EndpointRef, metadata_member, ordered_page_from_newest
from .schemas.endpoints import (
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    EndpointUpdate,
    endpoint_out,
)
from .schemas.lists import ListResponse


class EndpointController(Controller):
    """Endpoints: the URLs of an application, with their filters and secrets."""

    path = "/api/v1/app/{app_id:str}/endpoint"
    tags = ("Endpoint",)

    @get(
        operation_id="v1.endpoint.list",
        summary="List endpoints",
        dependencies={
            "page": Provide(ordered_page_from_newest, sync_to_thread=False),
            "metadata": Provide(metadata_member, sync_to_thread=False),
        },
    )
    async def list_endpoints(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
        metadata: NamedDependency[SkipValidation[tuple[str, str] | None]],
    ) -> ListResponse[EndpointOut]:
        """Returns the application's endpoints, newest first unless `order` says otherwise."""
        found = await EndpointRequests(api, caller, app_id).list(page, metadata=metadata)
        return ListResponse(
            data=[endpoint_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.endpoint.create", summary="Create an endpoint")
    async def create_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, data: JSONBody[EndpointIn]
    ) -> EndpointOut:
        """Creates an endpoint and answers `201`. It receives every message that is posted from now
        on and that its filters match.

        If `secret` is left out, one is generated; read it with `GET
        /api/v1/app/{app_id}/endpoint/{endpoint_id}/secret`. If the `uid` is taken, or the
        application has as many endpoints as the operator allows (10,000 by default), the answer is
        `409`.
        """
        return endpoint_out(await EndpointRequests(api, caller, app_id).create(data))

    @get("/{endpoint_id:str}", operation_id="v1.endpoint.get", summary="Get an endpoint")
    async def get_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointOut:
        """Returns an endpoint by its id or uid."""
        return endpoint_out(await EndpointRequests(api, caller, app_id).get(endpoint_id))

    @put(
        "/{endpoint_id:str}",
        operation_id="v1.endpoint.update",
        summary="Replace or create an endpoint",
        responses={201: ResponseSpec(EndpointOut, description="The endpoint was created.")},
    )
    async def update_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointUpdate],
        precondition: WritePrecondition,
    ) -> Response[EndpointOut]:
        """Replaces every field of the endpoint: a field that is left out gets its default value.
        Kept are its secrets, its custom headers, the `uid` that the path names, and the delivery
        options from `timeoutSeconds` to `retrySchedule`.

        If no endpoint has this uid, one is created with it, and the answer is `201`.
        """
        saved = await EndpointRequests(api, caller, app_id).update(endpoint_id, data, precondition)
        return Response(endpoint_out(saved.endpoint), status_code=201 if saved.created else 200)

    @patch(
        "/{endpoint_id:str}",
        operation_id="patch_endpoint",
        summary="Update an endpoint",
    )
    async def patch_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointPatch],
        precondition: WritePrecondition,
    ) -> EndpointOut:
        """Changes the fields that the body has, and keeps the others. `null` clears a field.

        Disabling an endpoint cancels its pending deliveries; enabling it does not restore them, but
        they can be resent.
        """
        return endpoint_out(
            await EndpointRequests(api, caller, app_id).patch(endpoint_id, data, precondition)
        )

    @delete("/{endpoint_id:str}", operation_id="v1.endpoint.delete", summary="Delete an endpoint")
    async def delete_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        precondition: WritePrecondition,
    ) -> None:
        """Deletes the endpoint, cancels its pending deliveries, and answers `204`. Its attempts
        stay on record.
        """
        await EndpointRequests(api, caller, app_id).delete(endpoint_id, precondition)
