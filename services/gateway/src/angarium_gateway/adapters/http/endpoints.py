"""/api/v1/app/{app_id}/endpoint"""

from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSaved,
    GetEndpoint,
    ListEndpoints,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation
from msgspec import UnsetType

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, ApiDependencies, CurrentCaller
from .parameters import ApplicationRef, EndpointRef, ordered_page
from .problems import unwrap
from .schemas.delivery_policy import delays, delays_of_new, is_fifo
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
        question = ListEndpoints(tenant_id=caller.tenant_id, application_ref=app_id, page=page)
        found = unwrap(await api.ask_dispatcher(question, Endpoints))
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
        secrets, tenant_id = api.endpoint_secrets, caller.tenant_id
        command = CreateEndpoint(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            url=data.url,
            uid=data.uid,
            description=data.description,
            disabled=data.disabled,
            throttle_rate=data.throttle_rate,
            event_types=_names(data.event_types),
            channels=_names(data.channels),
            metadata=data.metadata,
            sealed_secret=None if data.secret is None else secrets.sealed(tenant_id, data.secret),
            sealed_headers=(
                None if data.headers is None else secrets.sealed_headers(tenant_id, data.headers)
            ),
            timeout_s=data.timeout_seconds or None,
            header_names=data.signature_headers or "webhook",
            sealed_proxy=_sealed(api, caller, data.proxy_url) or None,
            sealed_client_certificate=_sealed(api, caller, data.client_certificate) or None,
            fifo=data.ordering == "fifo",
            concurrency_max=data.concurrency or None,
            retry_delays_s=delays_of_new(data.retry_schedule),
        )
        return endpoint_out(unwrap(await api.change_configuration(command, EndpointSaved)).endpoint)

    @get("/{endpoint_id:str}", operation_id="v1.endpoint.get", summary="Get an endpoint")
    async def get_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointOut:
        question = GetEndpoint(tenant_id=caller.tenant_id, application_ref=app_id, ref=endpoint_id)
        return endpoint_out(unwrap(await api.ask_dispatcher(question, EndpointSaved)).endpoint)

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
        command = UpdateEndpoint(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            ref=endpoint_id,
            url=data.url,
            uid=data.uid,
            description=data.description,
            disabled=data.disabled,
            throttle_rate=data.throttle_rate,
            event_types=_names(data.event_types),
            channels=_names(data.channels),
            metadata=data.metadata,
            timeout_s=data.timeout_seconds,
            header_names=data.signature_headers,
            sealed_proxy=_sealed(api, caller, data.proxy_url),
            sealed_client_certificate=_sealed(api, caller, data.client_certificate),
            fifo=is_fifo(data.ordering),
            concurrency_max=data.concurrency,
            retry_delays_s=delays(data.retry_schedule),
        )
        saved = unwrap(await api.change_configuration(command, EndpointSaved))
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
        command = PatchEndpoint(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            ref=endpoint_id,
            url=data.url,
            uid=data.uid,
            description=data.description,
            disabled=data.disabled,
            throttle_rate=data.throttle_rate,
            event_types=_patched(data.event_types),
            channels=_patched(data.channels),
            metadata=data.metadata,
            timeout_s=data.timeout_seconds,
            header_names=data.signature_headers,
            sealed_proxy=_sealed(api, caller, data.proxy_url),
            sealed_client_certificate=_sealed(api, caller, data.client_certificate),
            fifo=is_fifo(data.ordering),
            concurrency_max=data.concurrency,
            retry_delays_s=delays(data.retry_schedule),
        )
        saved = unwrap(await api.change_configuration(command, EndpointSaved))
        return endpoint_out(saved.endpoint)

    @delete("/{endpoint_id:str}", operation_id="v1.endpoint.delete", summary="Delete an endpoint")
    async def delete_endpoint(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> None:
        command = DeleteEndpoint(
            tenant_id=caller.tenant_id, application_ref=app_id, ref=endpoint_id
        )
        unwrap(await api.change_configuration(command, EndpointDeleted))


def _names(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _patched(names: list[str] | UnsetType | None) -> tuple[str, ...] | UnsetType | None:
    return tuple(names) if isinstance(names, list) else names


def _sealed(
    api: ApiDependencies, caller: Caller, text: str | UnsetType | None
) -> bytes | UnsetType | None:
    if not isinstance(text, str):
        return text
    return api.endpoint_secrets.sealed_text(caller.tenant_id, text)
