"""/api/v1/stream"""

from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from .dependencies import Api, CurrentCaller
from .parameters import ordered_page
from .schemas.lists import ListResponse
from .schemas.streams import StreamIn, StreamOut, StreamPatch, stream_out
from .stream_requests import StreamRef, StreamRequests


class StreamController(Controller):
    """Streams: events in order, and the sinks that they go to."""

    path = "/api/v1/stream"
    tags = ("Stream",)

    @get(
        operation_id="v1.streaming.stream.list",
        summary="List streams",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_streams(
        self, api: Api, caller: CurrentCaller, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[StreamOut]:
        """Returns the tenant's streams, in the order they were created unless `order` says
        otherwise.
        """
        found = await StreamRequests(api, caller).list(page)
        return ListResponse(
            data=[stream_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.streaming.stream.create", summary="Create a stream")
    async def create_stream(
        self, api: Api, caller: CurrentCaller, data: JSONBody[StreamIn]
    ) -> StreamOut:
        """Creates a stream and answers `201`. If its `uid` is taken by a stream, the answer is
        `409`.
        """
        return await StreamRequests(api, caller).create(data)

    @get("/{stream_id:str}", operation_id="v1.streaming.stream.get", summary="Get a stream")
    async def get_stream(self, api: Api, caller: CurrentCaller, stream_id: StreamRef) -> StreamOut:
        """Returns a stream by its id or uid."""
        return stream_out(await StreamRequests(api, caller).get(stream_id))

    @put(
        "/{stream_id:str}",
        operation_id="v1.streaming.stream.update",
        summary="Replace or create a stream",
        responses={201: ResponseSpec(StreamOut, description="The stream was created.")},
    )
    async def update_stream(
        self, api: Api, caller: CurrentCaller, stream_id: StreamRef, data: JSONBody[StreamIn]
    ) -> Response[StreamOut]:
        """Replaces every member of the stream. Kept are its sinks and the `uid` that the path
        names.

        If no stream has this uid, one is created with it, and the answer is `201`.
        """
        stream, created = await StreamRequests(api, caller).replace(stream_id, data)
        return Response(stream, status_code=201 if created else 200)

    @patch("/{stream_id:str}", operation_id="v1.streaming.stream.patch", summary="Update a stream")
    async def patch_stream(
        self, api: Api, caller: CurrentCaller, stream_id: StreamRef, data: JSONBody[StreamPatch]
    ) -> StreamOut:
        """Changes the members that the body has, and keeps the others. `null` clears a member. A
        stream has a `name` and no `description`.
        """
        return await StreamRequests(api, caller).patch(stream_id, data)

    @delete(
        "/{stream_id:str}", operation_id="v1.streaming.stream.delete", summary="Delete a stream"
    )
    async def delete_stream(self, api: Api, caller: CurrentCaller, stream_id: StreamRef) -> None:
        """Deletes the stream and its sinks, cancels their pending deliveries, and answers `204`."""
        await StreamRequests(api, caller).delete(stream_id)
