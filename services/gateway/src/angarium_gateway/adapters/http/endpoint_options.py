"""/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers and …/secret"""

from typing import Any

from angarium_contracts.configuration import EndpointSaved
from angarium_contracts.endpoint_options import (
    PatchEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.queries import Problem
from angarium_webhooks.header_rules import is_sensitive
from litestar import Controller, Request, Response, get, patch, post, put
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef, EndpointRef
from .problems import Refused, refusal, unwrap
from .schemas.endpoint_options import (
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
        headers = await api.endpoint_secrets.read_headers(caller.tenant_id, app_id, endpoint_id)
        if isinstance(headers, Problem):
            raise Refused(refusal(headers))
        return EndpointHeadersOut(
            headers={name: value for name, value in headers.items() if not is_sensitive(name)},
            sensitive=[name for name in headers if is_sensitive(name)],
        )

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
        command = SetEndpointHeaders(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            ref=endpoint_id,
            sealed_headers=api.endpoint_secrets.sealed_headers(caller.tenant_id, data.headers),
        )
        unwrap(await api.change_configuration(command, EndpointSaved))

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
        command = PatchEndpointHeaders(
            tenant_id=caller.tenant_id,
            application_ref=app_id,
            ref=endpoint_id,
            sealed_headers=api.endpoint_secrets.sealed_headers(caller.tenant_id, data.headers),
        )
        unwrap(await api.change_configuration(command, EndpointSaved))

    @get(
        "/secret",
        operation_id="v1.endpoint.get-secret",
        summary="Get what verifies an endpoint's webhooks: its newest secret, or public key",
    )
    async def get_secret(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, endpoint_id: EndpointRef
    ) -> EndpointSecretOut:
        return await _secret(api, caller, app_id, endpoint_id)

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
        secrets, tenant_id, key = api.endpoint_secrets, caller.tenant_id, data.key
        command = RotateEndpointSecret(
            tenant_id=tenant_id,
            application_ref=app_id,
            ref=endpoint_id,
            sealed_secret=None if key is None else secrets.sealed(tenant_id, key),
            grace_s=data.grace_period_seconds,
        )
        unwrap(await api.change_configuration(command, EndpointSaved))
        if not _is_svix_sdk(request):
            return Response(None, status_code=204)
        return Response(await _secret(api, caller, app_id, endpoint_id), status_code=200)


async def _secret(
    api: Api, caller: CurrentCaller, app_id: str, endpoint_id: str
) -> EndpointSecretOut:
    secret = await api.endpoint_secrets.read(caller.tenant_id, app_id, endpoint_id)
    if isinstance(secret, Problem):
        raise Refused(refusal(secret))
    return EndpointSecretOut(key=secret)


def _is_svix_sdk(request: Request[Caller, str, Any]) -> bool:
    """The published interface answers a rotation with 204; the SDKs since 2.0 fail unless they
    find the new secret in a body. Each gets what it knows."""
    return "svix-libs/" in request.headers.get("user-agent", "")
