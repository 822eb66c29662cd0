"""/api/v1/app/{app_id}/endpoint"""

from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .parameters import ApplicationRef, EndpointRef, ordered_page
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
        summary="List an application's endpoints",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_endpoints(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
    ) -> ListResponse[EndpointOut]:
        found = await EndpointRequests(api, caller, app_id).list(page)
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
        return endpoint_out(await EndpointRequests(api, caller, app_id).create(data))

    @get("/{endpoint_id:str}", operation_id="v1.endpoint.get", summary="Get an endpoint")
    async def get_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointOut:
        return endpoint_out(await EndpointRequests(api, caller, app_id).get(endpoint_id))

    @put(
        "/{endpoint_id:str}",
        operation_id="v1.endpoint.update",
        summary="Replace an endpoint, or create it under a uid",
        responses={201: ResponseSpec(EndpointOut, description="It is new")},
    )
    async def update_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointUpdate],
    ) -> Response[EndpointOut]:
        saved = await EndpointRequests(api, caller, app_id).update(endpoint_id, data)
        return Response(endpoint_out(saved.endpoint), status_code=201 if saved.created else 200)

    @patch(
        "/{endpoint_id:str}",
        operation_id="patch_endpoint",
        summary="Change some members of an endpoint",
    )
    async def patch_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointPatch],
    ) -> EndpointOut:
        return endpoint_out(await EndpointRequests(api, caller, app_id).patch(endpoint_id, data))

    @delete("/{endpoint_id:str}", operation_id="v1.endpoint.delete", summary="Delete an endpoint")
    async def delete_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> None:
        await EndpointRequests(api, caller, app_id).delete(endpoint_id)
