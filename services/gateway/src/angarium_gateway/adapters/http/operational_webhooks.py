"""/api/v1/operational-webhook/endpoint

An operational endpoint is an endpoint of an application that only the services know of. The
dispatcher makes it with the first endpoint; until then there is nothing to be found.
"""

from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSaved,
    GetEndpoint,
    ListEndpoints,
    UpdateEndpoint,
)
from angarium_contracts.contract import Contract
from angarium_contracts.endpoint_options import RotateEndpointSecret, SetEndpointHeaders
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_webhooks.header_rules import is_sensitive
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from .dependencies import Api, CurrentCaller
from .parameters import EndpointRef, ordered_page
from .problems import Refused, refusal
from .schemas.endpoint_options import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.lists import ListResponse
from .schemas.operational_webhooks import (
    OperationalWebhookEndpointIn,
    OperationalWebhookEndpointOut,
    OperationalWebhookEndpointUpdate,
    operational_endpoint_out,
)


class OperationalEndpointController(Controller):
    """Operational endpoints: where a tenant hears of what happens to its endpoints."""

    path = "/api/v1/operational-webhook/endpoint"
    tags = ("Operational Webhook Endpoint",)

    @get(
        operation_id="v1.operational-webhook.endpoint.list",
        summary="List the operational endpoints",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_operational_endpoints(
        self, api: Api, caller: CurrentCaller, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[OperationalWebhookEndpointOut]:
        question = ListEndpoints(
            tenant_id=caller.tenant_id, application_ref=_application(caller), page=page
        )
        found = await api.ask_dispatcher(question, Endpoints)
        if isinstance(found, Problem):
            if found.code is not ProblemCode.NOT_FOUND:
                raise Refused(refusal(found))
            found = Endpoints(items=(), done=True)
        return ListResponse(
            data=[operational_endpoint_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.operational-webhook.endpoint.create",
        summary="Create an operational endpoint",
    )
    async def create_operational_endpoint(
        self, api: Api, caller: CurrentCaller, data: JSONBody[OperationalWebhookEndpointIn]
    ) -> OperationalWebhookEndpointOut:
        secrets, tenant_id = api.endpoint_secrets, caller.tenant_id
        command = CreateEndpoint(
            tenant_id=tenant_id,
            application_ref=_application(caller),
            url=data.url,
            uid=data.uid,
            description=data.description or "",
            disabled=data.disabled or False,
            throttle_rate=data.throttle_rate,
            event_types=None if data.event_types is None else tuple(data.event_types),
            metadata=data.metadata or {},
            sealed_secret=None if data.secret is None else secrets.sealed(tenant_id, data.secret),
            sealed_headers=(
                None if data.headers is None else secrets.sealed_headers(tenant_id, data.headers)
            ),
        )
        saved = _granted(await api.change_configuration(command, EndpointSaved))
        return operational_endpoint_out(saved.endpoint)

    @get(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.get",
        summary="Get an operational endpoint",
    )
    async def get_operational_endpoint(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> OperationalWebhookEndpointOut:
        question = GetEndpoint(
            tenant_id=caller.tenant_id, application_ref=_application(caller), ref=endpoint_id
        )
        return operational_endpoint_out(
            _granted(await api.ask_dispatcher(question, EndpointSaved)).endpoint
        )

    @put(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.update",
        summary="Replace an operational endpoint, or create it under a uid",
        responses={201: ResponseSpec(OperationalWebhookEndpointOut, description="It is new")},
    )
    async def update_operational_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[OperationalWebhookEndpointUpdate],
    ) -> Response[OperationalWebhookEndpointOut]:
        command = UpdateEndpoint(
            tenant_id=caller.tenant_id,
            application_ref=_application(caller),
            ref=endpoint_id,
            url=data.url,
            uid=data.uid,
            description=data.description or "",
            disabled=data.disabled or False,
            throttle_rate=data.throttle_rate,
            event_types=None if data.event_types is None else tuple(data.event_types),
            metadata=data.metadata or {},
        )
        saved = _granted(await api.change_configuration(command, EndpointSaved))
        return Response(
            operational_endpoint_out(saved.endpoint), status_code=201 if saved.created else 200
        )

    @delete(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.delete",
        summary="Delete an operational endpoint",
    )
    async def delete_operational_endpoint(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> None:
        command = DeleteEndpoint(
            tenant_id=caller.tenant_id, application_ref=_application(caller), ref=endpoint_id
        )
        _granted(await api.change_configuration(command, EndpointDeleted))

    @get(
        "/{endpoint_id:str}/headers",
        operation_id="v1.operational-webhook.endpoint.get-headers",
        summary="Get the custom headers of an operational endpoint",
    )
    async def get_operational_headers(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> EndpointHeadersOut:
        headers = await api.endpoint_secrets.read_headers(
            caller.tenant_id, _application(caller), endpoint_id
        )
        if isinstance(headers, Problem):
            raise _refused(headers)
        return EndpointHeadersOut(
            headers={name: value for name, value in headers.items() if not is_sensitive(name)},
            sensitive=[name for name in headers if is_sensitive(name)],
        )

    @put(
        "/{endpoint_id:str}/headers",
        operation_id="v1.operational-webhook.endpoint.update-headers",
        summary="Replace the custom headers of an operational endpoint",
        status_code=204,
    )
    async def update_operational_headers(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointHeadersIn],
    ) -> None:
        command = SetEndpointHeaders(
            tenant_id=caller.tenant_id,
            application_ref=_application(caller),
            ref=endpoint_id,
            sealed_headers=api.endpoint_secrets.sealed_headers(caller.tenant_id, data.headers),
        )
        _granted(await api.change_configuration(command, EndpointSaved))

    @get(
        "/{endpoint_id:str}/secret",
        operation_id="v1.operational-webhook.endpoint.get-secret",
        summary="Get what verifies an operational endpoint's webhooks",
    )
    async def get_operational_secret(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        secret = await api.endpoint_secrets.read(
            caller.tenant_id, _application(caller), endpoint_id
        )
        if isinstance(secret, Problem):
            raise _refused(secret)
        return EndpointSecretOut(key=secret)

    @post(
        "/{endpoint_id:str}/secret/rotate",
        operation_id="v1.operational-webhook.endpoint.rotate-secret",
        summary="Sign with a new secret; the one before goes on signing for a while",
        status_code=204,
    )
    async def rotate_operational_secret(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointSecretRotateIn],
    ) -> None:
        secrets, tenant_id, key = api.endpoint_secrets, caller.tenant_id, data.key
        command = RotateEndpointSecret(
            tenant_id=tenant_id,
            application_ref=_application(caller),
            ref=endpoint_id,
            sealed_secret=None if key is None else secrets.sealed(tenant_id, key),
            grace_s=data.grace_period_seconds,
        )
        _granted(await api.change_configuration(command, EndpointSaved))


def _application(caller: CurrentCaller) -> str:
    return format_id(APPLICATION, operational_application_id(caller.tenant_id))


def _granted[T: Contract](answer: T | Problem) -> T:
    if isinstance(answer, Problem):
        raise _refused(answer)
    return answer


def _refused(problem: Problem) -> Refused:
    """Nobody knows of an application here: without one there is no endpoint either."""
    if problem.code is ProblemCode.NOT_FOUND:
        detail = "there is no such operational endpoint; check its id or uid"
        problem = Problem(code=ProblemCode.NOT_FOUND, detail=detail)
    return Refused(refusal(problem))
