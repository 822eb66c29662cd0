"""/api/v1/app"""

from angarium_contracts.configuration import (
    ApplicationDeleted,
    Applications,
    ApplicationSaved,
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    PatchApplication,
    UpdateApplication,
)
from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, JSONBody, SkipValidation

from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef, ordered_page
from .problems import unwrap
from .schemas.applications import (
    ApplicationIn,
    ApplicationOut,
    ApplicationPatch,
    application_out,
)
from .schemas.lists import ListResponse

EXISTED = {200: ResponseSpec(ApplicationOut, description="It existed before")}


class ApplicationController(Controller):
    """Applications: the customers that receive webhooks."""

    path = "/api/v1/app"
    tags = ("Application",)

    @get(
        operation_id="v1.application.list",
        summary="List applications",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_applications(
        self, api: Api, caller: CurrentCaller, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[ApplicationOut]:
        question = ListApplications(tenant_id=caller.tenant_id, page=page)
        found = unwrap(await api.ask_dispatcher(question, Applications))
        return ListResponse(
            data=[application_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.application.create",
        summary="Create an application",
        responses=EXISTED,
    )
    async def create_application(
        self,
        api: Api,
        caller: CurrentCaller,
        data: JSONBody[ApplicationIn],
        get_if_exists: FromQuery[bool] = False,
    ) -> Response[ApplicationOut]:
        command = CreateApplication(
            tenant_id=caller.tenant_id,
            name=data.name,
            uid=data.uid,
            throttle_rate=data.throttle_rate,
            metadata=data.metadata,
            get_if_exists=get_if_exists,
            weight=data.weight or 1,
        )
        return _saved(unwrap(await api.change_configuration(command, ApplicationSaved)))

    @get("/{app_id:str}", operation_id="v1.application.get", summary="Get an application")
    async def get_application(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef
    ) -> ApplicationOut:
        question = GetApplication(tenant_id=caller.tenant_id, ref=app_id)
        return application_out(
            unwrap(await api.ask_dispatcher(question, ApplicationSaved)).application
        )

    @put(
        "/{app_id:str}",
        operation_id="v1.application.update",
        summary="Replace an application, or create it under a uid",
        responses={201: ResponseSpec(ApplicationOut, description="It is new")},
    )
    async def update_application(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, data: JSONBody[ApplicationIn]
    ) -> Response[ApplicationOut]:
        command = UpdateApplication(
            tenant_id=caller.tenant_id,
            ref=app_id,
            name=data.name,
            uid=data.uid,
            throttle_rate=data.throttle_rate,
            metadata=data.metadata,
            weight=data.weight,
        )
        return _saved(unwrap(await api.change_configuration(command, ApplicationSaved)))

    @patch(
        "/{app_id:str}",
        operation_id="patch_application",
        summary="Change some members of an application",
    )
    async def patch_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[ApplicationPatch],
    ) -> ApplicationOut:
        command = PatchApplication(
            tenant_id=caller.tenant_id,
            ref=app_id,
            name=data.name,
            uid=data.uid,
            throttle_rate=data.throttle_rate,
            metadata=data.metadata,
            weight=data.weight,
        )
        saved = unwrap(await api.change_configuration(command, ApplicationSaved))
        return application_out(saved.application)

    @delete(
        "/{app_id:str}",
        operation_id="v1.application.delete",
        summary="Delete an application and its endpoints",
    )
    async def delete_application(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef
    ) -> None:
        command = DeleteApplication(tenant_id=caller.tenant_id, ref=app_id)
        unwrap(await api.change_configuration(command, ApplicationDeleted))


def _saved(saved: ApplicationSaved) -> Response[ApplicationOut]:
    return Response(application_out(saved.application), status_code=201 if saved.created else 200)
