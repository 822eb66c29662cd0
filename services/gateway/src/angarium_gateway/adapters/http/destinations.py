"""/api/v1/app/{app_id}/destination"""

from typing import Annotated, Final

from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation

from .dependencies import Api, CurrentCaller
from .endpoint_requests import EndpointRequests
from .gzip_bodies import UNCOMPRESSED
from .parameters import NAME_CHARS_MAX, ApplicationRef, ordered_page_from_newest
from .schemas.destinations import (
    POLLED,
    PUSHED,
    DestinationIn,
    DestinationOut,
    DestinationPatch,
    destination_out,
)
from .schemas.endpoint_secrets import EndpointSecretOut, EndpointSecretRotateIn
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse
from .sink_requests import Sink, SinkKinds, SinkRequests

KINDS: Final = SinkKinds("destination", POLLED, PUSHED)

DestinationRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The destination's id or uid."
    ),
]


class DestinationController(Controller):
    """Destinations: the ordered and the polled endpoints of an application."""

    path = "/api/v1/app/{app_id:str}/destination"
    tags = ("Destination",)

    @get(
        operation_id="v1.destination.list",
        summary="List destinations",
        dependencies={"page": Provide(ordered_page_from_newest, sync_to_thread=False)},
    )
    async def list_destinations(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        page: NamedDependency[SkipValidation[Page]],
    ) -> ListResponse[DestinationOut]:
        """Returns the application's endpoints that get their messages in order or are polled,
        newest first unless `order` says otherwise. *List endpoints* returns all.
        """
        sinks, found = await _requests(api, caller, app_id).list(page)
        return ListResponse(
            data=[_out(one) for one in sinks],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.destination.create", summary="Create a destination")
    async def create_destination(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, data: JSONBody[DestinationIn]
    ) -> DestinationOut:
        """Creates an endpoint that gets its messages in order, or that is polled, and answers
        `201`. Messages are kept for it while it is disabled.

        `config.key` is the secret that signs; one is generated if it is left out. Everything that
        operations of endpoints do works with its id.
        """
        return _out(await _requests(api, caller, app_id).create(data.type, data))

    @get("/{destination_id:str}", operation_id="v1.destination.get", summary="Get a destination")
    async def get_destination(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        destination_id: DestinationRef,
    ) -> DestinationOut:
        """Returns a destination by its id or uid. An endpoint whose messages come in any order is
        none.
        """
        return _out(await _requests(api, caller, app_id).get(destination_id))

    @put(
        "/{destination_id:str}",
        operation_id="v1.destination.update",
        summary="Replace or create a destination",
        responses={201: ResponseSpec(DestinationOut, description="The destination was created.")},
    )
    async def update_destination(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        destination_id: DestinationRef,
        data: JSONBody[DestinationIn],
    ) -> Response[DestinationOut]:
        """Replaces every member of the destination. Kept are its secret, its custom headers unless
        `config.headers` replaces them, the `uid` that the path names, and the endpoint's options
        that a destination does not have.

        If no endpoint has this uid, a destination is created with it, and the answer is `201`.
        """
        requests = _requests(api, caller, app_id)
        sink, created = await requests.replace(destination_id, data.type, data)
        return Response(_out(sink), status_code=201 if created else 200)

    @patch(
        "/{destination_id:str}",
        operation_id="v1.destination.patch",
        summary="Update a destination",
    )
    async def patch_destination(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        destination_id: DestinationRef,
        data: JSONBody[DestinationPatch],
    ) -> DestinationOut:
        """Changes the members that the body has, and keeps the others. `null` clears a member."""
        return _out(await _requests(api, caller, app_id).patch(destination_id, data.type, data))

    @delete(
        "/{destination_id:str}",
        operation_id="v1.destination.delete",
        summary="Delete a destination",
    )
    async def delete_destination(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        destination_id: DestinationRef,
    ) -> None:
        """Deletes the endpoint, cancels its pending deliveries, and answers `204`."""
        await _requests(api, caller, app_id).delete(destination_id)

    @post(
        "/{destination_id:str}/secret/rotate",
        operation_id="v1.destination.rotate-secret",
        summary="Rotate the signing secret",
        status_code=200,
        opt={UNCOMPRESSED: True},
    )
    async def rotate_destination_secret(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        destination_id: DestinationRef,
        data: JSONBody[EndpointSecretRotateIn],
    ) -> EndpointSecretOut:
        """Replaces the secret by `key`, or by a generated one if `key` is left out, and returns it.
        The previous secret keeps signing beside it for `gracePeriodSeconds`, 24 hours by default.

        What is polled has no secret, and gets `404`.
        """
        return await _requests(api, caller, app_id).rotate_secret(destination_id, data)


def _requests(api: Api, caller: CurrentCaller, app_id: str) -> SinkRequests:
    return SinkRequests(EndpointRequests(api, caller, app_id), KINDS)


def _out(sink: Sink) -> DestinationOut:
    return destination_out(sink.endpoint, sink.headers)
