"""/api/v1/app"""

from typing import Annotated

from angarium_contracts.configuration import (
    ApplicationDeleted,
    Applications,
    ApplicationSaved,
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    PatchApplication,
    Precondition,
    UpdateApplication,
)
from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import UNSET, UnsetType

from angarium_gateway.application.tenants.authentication import Caller

from .current_names import with_current_names
from .dependencies import Api, ApiDependencies, CurrentCaller
from .entity_tags import WritePrecondition
from .kept_payloads import hours_of_applications, keep_payloads_of_application
from .noted_changes import note_change
from .parameters import NAME_CHARS_MAX, ApplicationRef, metadata_member, ordered_page
from .problems import unwrap
from .schemas.applications import (
    ApplicationIn,
    ApplicationOut,
    ApplicationPatch,
    application_out,
)
from .schemas.lists import ListResponse

EXISTED = {
    200: ResponseSpec(
        ApplicationOut, description="The application existed already and is returned unchanged."
    )
}

GetIfExists = Annotated[
    bool,
    QueryParameter(
        description="Return the application that has this `uid` already, instead of `409`."
    ),
]
WithoutEndpoints = Annotated[
    bool, QueryParameter(description="Leave out applications that have no endpoint.")
]
WithDisabledEndpoints = Annotated[
    bool, QueryParameter(description="Leave out applications all of whose endpoints are disabled.")
]
WithSvixPlayEndpoints = Annotated[
    bool,
    QueryParameter(
        description="Leave out applications all of whose endpoints are at https://play.svix.com/."
    ),
]


Search = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=NAME_CHARS_MAX,
        description="Only applications with this text in their name, whatever its letter case, with"
        " a uid that begins with it, or with this id.",
    ),
]


class ApplicationController(Controller):
    """Applications: the customers that receive webhooks."""

    path = "/api/v1/app"
    tags = ("Application",)

    @get(
        operation_id="v1.application.list",
        summary="List applications",
        dependencies={
            "page": Provide(ordered_page, sync_to_thread=False),
            "metadata": Provide(metadata_member, sync_to_thread=False),
        },
    )
    async def list_applications(
        self,
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
        metadata: NamedDependency[SkipValidation[tuple[str, str] | None]],
        exclude_apps_with_no_endpoints: WithoutEndpoints = False,
        exclude_apps_with_disabled_endpoints: WithDisabledEndpoints = False,
        exclude_apps_with_svix_play_endpoints: WithSvixPlayEndpoints = False,
        search: Search = None,
    ) -> ListResponse[ApplicationOut]:
        """Returns the tenant's applications, in the order they were created unless `order` says
        otherwise.
        """
        question = ListApplications(
            tenant_id=caller.tenant_id,
            page=page,
            without_no_endpoints=exclude_apps_with_no_endpoints,
            without_disabled=exclude_apps_with_disabled_endpoints,
            without_svix_play=exclude_apps_with_svix_play_endpoints,
            search=search,
            metadata=metadata,
        )
        found = unwrap(await api.ask_dispatcher(question, Applications))
        hours = await hours_of_applications(api, caller.tenant_id, found.items)
        return ListResponse(
            data=[application_out(item, hours.get(item.id)) for item in found.items],
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
        get_if_exists: GetIfExists = False,
    ) -> Response[ApplicationOut]:
        """Creates an application and answers `201`.

        If its `uid` is taken, the answer is `409`, or, with `get_if_exists=true`, `200` with the
        existing application unchanged.
        """
        saved = await create_application(api, caller, data, get_if_exists=get_if_exists)
        hours = data.payload_retention_hours if saved.created else UNSET
        return await _saved(api, caller, saved, hours)

    @get("/{app_id:str}", operation_id="v1.application.get", summary="Get an application")
    async def get_application(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef
    ) -> ApplicationOut:
        """Returns an application by its id or uid. The id of a source or a stream, for which
        portals and other operations below this path work too, returns the application that it is.
        """
        question = GetApplication(tenant_id=caller.tenant_id, ref=app_id, of_any_kind=True)
        found = unwrap(await api.ask_dispatcher(question, ApplicationSaved)).application
        hours = await hours_of_applications(api, caller.tenant_id, [found])
        return application_out(found, hours.get(found.id))

    @put(
        "/{app_id:str}",
        operation_id="v1.application.update",
        summary="Replace or create an application",
        responses={201: ResponseSpec(ApplicationOut, description="The application was created.")},
    )
    async def update_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[ApplicationIn],
        precondition: WritePrecondition,
    ) -> Response[ApplicationOut]:
        """Replaces every field of the application: a field that is left out gets its default value.
        Kept are `weight`, `payloadRetentionHours`, and the `uid` that the path names.

        If no application has this uid, one is created with it, and the answer is `201`.
        """
        data = with_current_names(data)
        command = UpdateApplication(
            tenant_id=caller.tenant_id,
            ref=app_id,
            name=data.name,
            uid=data.uid,
            throttle_rate=data.throttle_rate,
            metadata=data.metadata,
            weight=data.weight,
            precondition=precondition,
            applications_max=caller.tenant.applications_max,
        )
        saved = unwrap(await api.change_configuration(command, ApplicationSaved))
        return await _saved(api, caller, saved, data.payload_retention_hours)

    @patch(
        "/{app_id:str}",
        operation_id="patch_application",
        summary="Update an application",
    )
    async def patch_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[ApplicationPatch],
        precondition: WritePrecondition,
    ) -> ApplicationOut:
        """Changes the fields that the body has, and keeps the others. `null` clears a field."""
        saved = await change_application(api, caller, app_id, data, precondition)
        return await _noted(api, caller, saved, data.payload_retention_hours)

    @delete(
        "/{app_id:str}",
        operation_id="v1.application.delete",
        summary="Delete an application",
    )
    async def delete_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        precondition: WritePrecondition,
    ) -> None:
        """Deletes the application and its endpoints, and answers `204`.

        Deliveries that are pending for its endpoints are canceled. Nothing more can be posted to
        it.
        """
        command = DeleteApplication(
            tenant_id=caller.tenant_id, ref=app_id, precondition=precondition
        )
        deleted = unwrap(await api.change_configuration(command, ApplicationDeleted))
        before = deleted.before
        if before is not None:
            hours = await hours_of_applications(api, caller.tenant_id, [before])
            note_change(application_out(before, hours.get(before.id)), None)


async def create_application(
    api: ApiDependencies, caller: Caller, data: ApplicationIn, *, get_if_exists: bool = False
) -> ApplicationSaved:
    """Create an application. Raises `Refused`."""
    data = with_current_names(data)
    command = CreateApplication(
        tenant_id=caller.tenant_id,
        name=data.name,
        uid=data.uid,
        throttle_rate=data.throttle_rate,
        metadata=data.metadata,
        get_if_exists=get_if_exists,
        weight=data.weight or 1,
        applications_max=caller.tenant.applications_max,
    )
    return unwrap(await api.change_configuration(command, ApplicationSaved))


async def change_application(
    api: ApiDependencies,
    caller: Caller,
    ref: str,
    data: ApplicationPatch,
    precondition: Precondition | None = None,
) -> ApplicationSaved:
    """Change the fields that are given. Raises `Refused`."""
    data = with_current_names(data)
    command = PatchApplication(
        tenant_id=caller.tenant_id,
        ref=ref,
        name=data.name,
        uid=data.uid,
        throttle_rate=data.throttle_rate,
        metadata={} if data.metadata is None else data.metadata,
        weight=data.weight,
        precondition=precondition,
    )
    return unwrap(await api.change_configuration(command, ApplicationSaved))


async def _saved(
    api: ApiDependencies, caller: Caller, saved: ApplicationSaved, hours: int | UnsetType | None
) -> Response[ApplicationOut]:
    shown = await _noted(api, caller, saved, hours)
    return Response(shown, status_code=201 if saved.created else 200)


async def _noted(
    api: ApiDependencies, caller: Caller, saved: ApplicationSaved, hours: int | UnsetType | None
) -> ApplicationOut:
    kept = await keep_payloads_of_application(api, caller.tenant_id, saved.application.id, hours)
    after = application_out(saved.application, kept.after)
    before = None if saved.before is None else application_out(saved.before, kept.before)
    note_change(before, after)
    return after
