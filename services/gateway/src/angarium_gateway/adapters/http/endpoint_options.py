"""/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers and …/secret"""

from typing import Any

from litestar import Controller, Request, Response, get, patch, post, put
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .gzip_bodies import UNCOMPRESSED
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
        summary="Get custom headers",
        opt={UNCOMPRESSED: True},
    )
    async def get_headers(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointHeadersOut:
        """Returns the headers that are sent with every webhook to the endpoint.

        Headers whose names suggest a secret, such as `Authorization`, are named in `sensitive`;
        their values are not returned.
        """
        return await EndpointRequests(api, caller, app_id).headers(endpoint_id)

    @put(
        "/headers",
        operation_id="v1.endpoint.update-headers",
        summary="Replace custom headers",
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
        """Replaces the headers that are sent with every webhook, and answers `204`."""
        await EndpointRequests(api, caller, app_id).set_headers(endpoint_id, data)

    @patch(
        "/headers",
        operation_id="v1.endpoint.patch-headers",
        summary="Update custom headers",
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
        """Adds or changes the headers in `headers`, removes those in `deleteHeaders`, and keeps the
        others. A header with the value `null` is removed too.
        """
        await EndpointRequests(api, caller, app_id).patch_headers(endpoint_id, data)

    @get(
        "/secret",
        operation_id="v1.endpoint.get-secret",
        summary="Get the signing secret",
        opt={UNCOMPRESSED: True},
    )
    async def get_secret(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        """Returns the endpoint's newest secret (`whsec_`) or, if it signs with a private key, the
        public key (`whpk_`). Receivers verify webhooks with it.
        """
        return await EndpointRequests(api, caller, app_id).secret(endpoint_id)

    @post(
        "/secret/rotate",
        operation_id="v1.endpoint.rotate-secret",
        summary="Rotate the signing secret",
        status_code=200,
        responses={
            204: ResponseSpec(
                None,
                description="The secret was rotated. The Svix SDKs get `200` with the new secret.",
            )
        },
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
        """Replaces the endpoint's secret by `key`, or by a generated one if `key` is left out.

        The previous secret keeps signing beside the new one for `gracePeriodSeconds`, 24 hours by
        default, so that receivers can change over without losing webhooks. The Svix SDKs get the
        new secret in a body; others get `204` and read it with `GET …/secret`.
        """
        requests = EndpointRequests(api, caller, app_id)
        await requests.rotate_secret(endpoint_id, data)
        if not _is_svix_sdk(request):
            return Response(None, status_code=204)
        return Response(await requests.secret(endpoint_id), status_code=200)


def _is_svix_sdk(request: Request[Caller, str, Any]) -> bool:
    """The published interface answers a rotation with 204; the SDKs since 2.0 fail unless they
    find the new secret in a body. Each gets what it knows."""
    return "svix-libs/" in request.headers.get("user-agent", "")
