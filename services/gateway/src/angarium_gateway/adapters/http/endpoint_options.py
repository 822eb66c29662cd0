"""/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers and …/secret"""

from typing import Any

from litestar import Controller, Request, Response, get, patch, post, put
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .parameters import ApplicationRef, EndpointRef
from .schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointHeadersPatchIn,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)


class EndpointOptionsController(Controller):
    """The custom headers and the secrets of an endpoint."""

    path = "/api/v1/app/{app_id:str}/endpoint/{endpoint_id:str}"
    tags = ("Endpoint",)

    @get(
        "/headers",
        operation_id="v1.endpoint.get-headers",
        summary="Get the custom headers of an endpoint",
    )
    async def get_headers(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointHeadersOut:
        return await EndpointRequests(api, caller, app_id).headers(endpoint_id)

    @put(
        "/headers",
        operation_id="v1.endpoint.update-headers",
        summary="Replace the custom headers of an endpoint",
        status_code=204,
    )
    async def update_headers(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointHeadersIn],
    ) -> None:
        await EndpointRequests(api, caller, app_id).set_headers(endpoint_id, data)

    @patch(
        "/headers",
        operation_id="v1.endpoint.patch-headers",
        summary="Set or remove some custom headers of an endpoint",
        status_code=204,
    )
    async def patch_headers(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointHeadersPatchIn],
    ) -> None:
        await EndpointRequests(api, caller, app_id).patch_headers(endpoint_id, data)

    @get(
        "/secret",
        operation_id="v1.endpoint.get-secret",
        summary="Get what verifies an endpoint's webhooks: its newest secret, or public key",
    )
    async def get_secret(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        return await EndpointRequests(api, caller, app_id).secret(endpoint_id)

    @post(
        "/secret/rotate",
        operation_id="v1.endpoint.rotate-secret",
        summary="Sign with a new secret; the one before goes on signing for a while",
        status_code=200,
        responses={204: ResponseSpec(None, description="As 200, to all but the Svix SDKs")},
    )
    async def rotate_secret(
        self,
        request: Request[Caller, str, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointSecretRotateIn],
    ) -> Response[EndpointSecretOut | None]:
        requests = EndpointRequests(api, caller, app_id)
        await requests.rotate_secret(endpoint_id, data)
        if not _is_svix_sdk(request):
            return Response(None, status_code=204)
        return Response(await requests.secret(endpoint_id), status_code=200)


def _is_svix_sdk(request: Request[Caller, str, Any]) -> bool:
    """The published interface answers a rotation with 204; the SDKs since 2.0 fail unless they
    find the new secret in a body. Each gets what it knows."""
    return "svix-libs/" in request.headers.get("user-agent", "")
