"""/ingest/api/v1/source/{source_id}/endpoint"""

from typing import Any

from angarium_contracts.queries import Page
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .entity_tags import WritePrecondition
from .gzip_bodies import UNCOMPRESSED
from .ingest_sources import SourceRef
from .parameters import EndpointRef, ordered_page_from_newest
from .schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.ingest import (
    IngestEndpointIn,
    IngestEndpointOut,
    IngestEndpointUpdate,
    ingest_endpoint_out,
)
from .schemas.lists import ListResponse
from .source_requests import SourceRequests


async def provide_endpoints(
    request: Request[Caller, bytes, Any], api: Api, caller: CurrentCaller, source_id: SourceRef
) -> EndpointRequests:
    """The requests about the endpoints of the source that the path names. Raises `Refused`."""
    return await SourceRequests(api, caller, request).endpoints(source_id)


Endpoints = NamedDependency[SkipValidation[EndpointRequests]]


class IngestEndpointController(Controller):
    """Endpoints of a source: where the webhooks that it receives are delivered."""

    path = "/ingest/api/v1/source/{source_id:str}/endpoint"
    tags = ("Ingest Endpoint",)
    dependencies = {"endpoints": Provide(provide_endpoints)}  # noqa: RUF012 - Litestar's attribute

    @get(
        operation_id="v1.ingest.endpoint.list",
        summary="List endpoints of a source",
        dependencies={"page": Provide(ordered_page_from_newest, sync_to_thread=False)},
    )
    async def list_ingest_endpoints(
        self, endpoints: Endpoints, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[IngestEndpointOut]:
        """Returns the endpoints of the source, newest first unless `order` says otherwise."""
        found = await endpoints.list(page)
        return ListResponse(
            data=[ingest_endpoint_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.ingest.endpoint.create", summary="Create an endpoint of a source")
    async def create_ingest_endpoint(
        self, endpoints: Endpoints, data: JSONBody[IngestEndpointIn]
    ) -> IngestEndpointOut:
        """Creates an endpoint and answers `201`. Every webhook that the source receives from now on
        is delivered to it as it came, with a signature of the endpoint's secret.

        `eventTypes` chooses among the events of the sender, such as `github.push`. Everything that
        operations of endpoints do works below `/api/v1/app/{source_id}/endpoint` too.
        """
        return ingest_endpoint_out(await endpoints.create(data))

    @get(
        "/{endpoint_id:str}",
        operation_id="v1.ingest.endpoint.get",
        summary="Get an endpoint of a source",
    )
    async def get_ingest_endpoint(
        self, endpoints: Endpoints, endpoint_id: EndpointRef
    ) -> IngestEndpointOut:
        """Returns an endpoint by its id or uid."""
        return ingest_endpoint_out(await endpoints.get(endpoint_id))

    @put(
        "/{endpoint_id:str}",
        operation_id="v1.ingest.endpoint.update",
        summary="Replace or create an endpoint of a source",
        responses={201: ResponseSpec(IngestEndpointOut, description="The endpoint was created.")},
    )
    async def update_ingest_endpoint(
        self,
        endpoints: Endpoints,
        endpoint_id: EndpointRef,
        data: JSONBody[IngestEndpointUpdate],
        precondition: WritePrecondition,
    ) -> Response[IngestEndpointOut]:
        """Replaces every member of the endpoint: a member that is left out gets its default value.
        Kept are its secrets, its custom headers and the `uid` that the path names.

        If no endpoint has this uid, one is created with it, and the answer is `201`.
        """
        saved = await endpoints.update(endpoint_id, data, precondition)
        return Response(
            ingest_endpoint_out(saved.endpoint), status_code=201 if saved.created else 200
        )

    @delete(
        "/{endpoint_id:str}",
        operation_id="v1.ingest.endpoint.delete",
        summary="Delete an endpoint of a source",
    )
    async def delete_ingest_endpoint(
        self, endpoints: Endpoints, endpoint_id: EndpointRef, precondition: WritePrecondition
    ) -> None:
        """Deletes the endpoint, cancels its pending deliveries, and answers `204`."""
        await endpoints.delete(endpoint_id, precondition)

    @get(
        "/{endpoint_id:str}/headers",
        operation_id="v1.ingest.endpoint.get-headers",
        summary="Get custom headers",
        opt={UNCOMPRESSED: True},
    )
    async def get_ingest_headers(
        self, endpoints: Endpoints, endpoint_id: EndpointRef
    ) -> EndpointHeadersOut:
        """Returns the headers that are sent with every webhook to the endpoint. Headers whose names
        suggest a secret are named in `sensitive`; their values are not returned.
        """
        return await endpoints.headers(endpoint_id)

    @put(
        "/{endpoint_id:str}/headers",
        operation_id="v1.ingest.endpoint.update-headers",
        summary="Replace custom headers",
        status_code=204,
    )
    async def update_ingest_headers(
        self, endpoints: Endpoints, endpoint_id: EndpointRef, data: JSONBody[EndpointHeadersIn]
    ) -> None:
        """Replaces the headers that are sent with every webhook, and answers `204`."""
        await endpoints.set_headers(endpoint_id, data)

    @get(
        "/{endpoint_id:str}/secret",
        operation_id="v1.ingest.endpoint.get-secret",
        summary="Get the signing secret",
        opt={UNCOMPRESSED: True},
    )
    async def get_ingest_secret(
        self, endpoints: Endpoints, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        """Returns the endpoint's newest secret (`whsec_`) or, if it signs with a private key, the
        public key (`whpk_`).
        """
        return await endpoints.secret(endpoint_id)

    @post(
        "/{endpoint_id:str}/secret/rotate",
        operation_id="v1.ingest.endpoint.rotate-secret",
        summary="Rotate the signing secret",
        status_code=204,
    )
    async def rotate_ingest_secret(
        self,
        endpoints: Endpoints,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointSecretRotateIn],
    ) -> None:
        """Replaces the endpoint's secret by `key`, or by a generated one if `key` is left out, and
        answers `204`. The previous secret keeps signing beside the new one for
        `gracePeriodSeconds`, 24 hours by default.
        """
        await endpoints.rotate_secret(endpoint_id, data)
