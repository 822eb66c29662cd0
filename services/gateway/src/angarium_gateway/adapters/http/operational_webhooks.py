"""/api/v1/operational-webhook/endpoint

Operational endpoints are the endpoints of an application that only the services know. The
dispatcher creates it with its first endpoint; until then the list is empty.
"""

from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, ApiDependencies, CurrentCaller
from .endpoint_requests import EndpointRequests
from .entity_tags import WritePrecondition
from .gzip_bodies import UNCOMPRESSED
from .operational_types import with_known_types
from .parameters import EndpointRef, ordered_page_from_newest
from .schemas.endpoint_secrets import (
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
        summary="List operational webhook endpoints",
        dependencies={"page": Provide(ordered_page_from_newest, sync_to_thread=False)},
    )
    async def list_operational_endpoints(
        self, api: Api, caller: CurrentCaller, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[OperationalWebhookEndpointOut]:
        """Returns the tenant's operational webhook endpoints, newest first unless `order` says
        otherwise.
        """
        found = await operational_requests(api, caller).list(page)
        return ListResponse(
            data=[operational_endpoint_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.operational-webhook.endpoint.create",
        summary="Create an operational webhook endpoint",
    )
    async def create_operational_endpoint(
        self, api: Api, caller: CurrentCaller, data: JSONBody[OperationalWebhookEndpointIn]
    ) -> OperationalWebhookEndpointOut:
        """Creates an endpoint that receives events about your customers' endpoints, and answers
        `201`.

        There are `endpoint.created`, `endpoint.updated`, `endpoint.deleted`, `endpoint.disabled`,
        `message.attempt.exhausted`, `message.attempt.failing` and `message.attempt.recovered`.
        Without `eventTypes` the endpoint receives all of them.
        """
        requests = operational_requests(api, caller)
        return operational_endpoint_out(await requests.create(with_known_types(data)))

    @get(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.get",
        summary="Get an operational webhook endpoint",
    )
    async def get_operational_endpoint(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> OperationalWebhookEndpointOut:
        """Returns an operational webhook endpoint by its id or uid."""
        return operational_endpoint_out(await operational_requests(api, caller).get(endpoint_id))

    @put(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.update",
        summary="Replace or create an operational webhook endpoint",
        responses={
            201: ResponseSpec(
                OperationalWebhookEndpointOut, description="The endpoint was created."
            )
        },
    )
    async def update_operational_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[OperationalWebhookEndpointUpdate],
        precondition: WritePrecondition,
    ) -> Response[OperationalWebhookEndpointOut]:
        """Replaces every field of the endpoint, except its secrets and custom headers: a field that
        is left out gets its default value.

        If no endpoint has this uid, one is created with it, and the answer is `201`.
        """
        known = with_known_types(data)
        saved = await operational_requests(api, caller).update(endpoint_id, known, precondition)
        return Response(
            operational_endpoint_out(saved.endpoint), status_code=201 if saved.created else 200
        )

    @delete(
        "/{endpoint_id:str}",
        operation_id="v1.operational-webhook.endpoint.delete",
        summary="Delete an operational webhook endpoint",
    )
    async def delete_operational_endpoint(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        precondition: WritePrecondition,
    ) -> None:
        """Deletes the endpoint, cancels its pending deliveries, and answers `204`."""
        await operational_requests(api, caller).delete(endpoint_id, precondition)

    @get(
        "/{endpoint_id:str}/headers",
        operation_id="v1.operational-webhook.endpoint.get-headers",
        summary="Get custom headers",
        opt={UNCOMPRESSED: True},
    )
    async def get_operational_headers(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> EndpointHeadersOut:
        """Returns the headers that are sent with every webhook to the endpoint. Headers whose names
        suggest a secret are named in `sensitive`; their values are not returned.
        """
        return await operational_requests(api, caller).headers(endpoint_id)

    @put(
        "/{endpoint_id:str}/headers",
        operation_id="v1.operational-webhook.endpoint.update-headers",
        summary="Replace custom headers",
        status_code=204,
    )
    async def update_operational_headers(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointHeadersIn],
    ) -> None:
        """Replaces the headers that are sent with every webhook, and answers `204`."""
        await operational_requests(api, caller).set_headers(endpoint_id, data)

    @get(
        "/{endpoint_id:str}/secret",
        operation_id="v1.operational-webhook.endpoint.get-secret",
        summary="Get the signing secret",
        opt={UNCOMPRESSED: True},
    )
    async def get_operational_secret(
        self, api: Api, caller: CurrentCaller, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        """Returns the endpoint's newest secret (`whsec_`) or, if it signs with a private key, the
        public key (`whpk_`).
        """
        return await operational_requests(api, caller).secret(endpoint_id)

    @post(
        "/{endpoint_id:str}/secret/rotate",
        operation_id="v1.operational-webhook.endpoint.rotate-secret",
        summary="Rotate the signing secret",
        status_code=204,
    )
    async def rotate_operational_secret(
        self,
        api: Api,
        caller: CurrentCaller,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointSecretRotateIn],
    ) -> None:
        """Replaces the endpoint's secret by `key`, or by a generated one if `key` is left out, and
        answers `204`. The previous secret keeps signing beside the new one for
        `gracePeriodSeconds`, 24 hours by default.
        """
        await operational_requests(api, caller).rotate_secret(endpoint_id, data)


def operational_requests(api: ApiDependencies, caller: Caller) -> EndpointRequests:
    """The requests of one caller about the tenant's operational endpoints."""
    return EndpointRequests(
        api,
        caller,
        format_id(APPLICATION, operational_application_id(caller.tenant_id)),
        not_found="There is no such operational endpoint. Check its id or uid.",
    )
