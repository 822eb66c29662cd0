"""/api/v1/stream/{stream_id}/sink"""

from angarium_contracts.queries import Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation

from .gzip_bodies import UNCOMPRESSED
from .parameters import ordered_page_from_newest
from .schemas.endpoint_secrets import (
    EndpointHeadersOut,
    EndpointHeadersPatchIn,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.lists import ListResponse
from .schemas.streams import (
    HttpSinkHeadersPatchIn,
    StreamSinkIn,
    StreamSinkOut,
    StreamSinkPatch,
    sink_out,
)
from .sink_requests import Sink
from .stream_requests import SinkRef, Sinks, provide_sinks


class StreamSinkController(Controller):
    """Sinks: where the events of a stream go."""

    path = "/api/v1/stream/{stream_id:str}/sink"
    tags = ("Stream Sink",)
    dependencies = {"sinks": Provide(provide_sinks)}  # noqa: RUF012 - Litestar's attribute

    @get(
        operation_id="v1.streaming.sink.list",
        summary="List sinks",
        dependencies={"page": Provide(ordered_page_from_newest, sync_to_thread=False)},
    )
    async def list_sinks(
        self, sinks: Sinks, page: NamedDependency[SkipValidation[Page]]
    ) -> ListResponse[StreamSinkOut]:
        """Returns the stream's sinks, newest first unless `order` says otherwise."""
        listed, found = await sinks.list(page)
        return ListResponse(
            data=[_out(one) for one in listed],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.streaming.sink.create", summary="Create a sink")
    async def create_sink(self, sinks: Sinks, data: JSONBody[StreamSinkIn]) -> StreamSinkOut:
        """Creates a sink and answers `201`. It gets every event that is posted from now on and that
        its filters match, in order; events are kept for it while it is disabled.

        A sink is an endpoint, with whose id all operations below
        `/api/v1/app/{stream_id}/endpoint` work.
        """
        return _out(await sinks.create(data.type, data))

    @get("/{sink_id:str}", operation_id="v1.streaming.sink.get", summary="Get a sink")
    async def get_sink(self, sinks: Sinks, sink_id: SinkRef) -> StreamSinkOut:
        """Returns a sink by its id or uid."""
        return _out(await sinks.get(sink_id))

    @put(
        "/{sink_id:str}",
        operation_id="v1.streaming.sink.update",
        summary="Replace or create a sink",
        responses={201: ResponseSpec(StreamSinkOut, description="The sink was created.")},
    )
    async def update_sink(
        self, sinks: Sinks, sink_id: SinkRef, data: JSONBody[StreamSinkIn]
    ) -> Response[StreamSinkOut]:
        """Replaces every member of the sink. Kept are its secret, its custom headers unless
        `config.headers` replaces them, the `uid` that the path names, and the endpoint's options
        that a sink does not have.

        If no endpoint has this uid, a sink is created with it, and the answer is `201`.
        """
        sink, created = await sinks.replace(sink_id, data.type, data)
        return Response(_out(sink), status_code=201 if created else 200)

    @patch("/{sink_id:str}", operation_id="v1.streaming.sink.patch", summary="Update a sink")
    async def patch_sink(
        self, sinks: Sinks, sink_id: SinkRef, data: JSONBody[StreamSinkPatch]
    ) -> StreamSinkOut:
        """Changes the members that the body has, and keeps the others. `null` clears a member."""
        return _out(await sinks.patch(sink_id, data.type, data))

    @delete("/{sink_id:str}", operation_id="v1.streaming.sink.delete", summary="Delete a sink")
    async def delete_sink(self, sinks: Sinks, sink_id: SinkRef) -> None:
        """Deletes the sink, cancels its pending deliveries, and answers `204`."""
        await sinks.delete(sink_id)

    @get(
        "/{sink_id:str}/headers",
        operation_id="v1.streaming.sink-headers-get",
        summary="Get custom headers",
        opt={UNCOMPRESSED: True},
    )
    async def get_sink_headers(self, sinks: Sinks, sink_id: SinkRef) -> EndpointHeadersOut:
        """Returns the headers that are sent with every event. Headers whose names suggest a secret
        are named in `sensitive`; their values are not returned.
        """
        return (await sinks.get(sink_id)).headers

    @patch(
        "/{sink_id:str}/headers",
        operation_id="v1.streaming.sink-headers-patch",
        summary="Update custom headers",
        opt={UNCOMPRESSED: True},
    )
    async def patch_sink_headers(
        self, sinks: Sinks, sink_id: SinkRef, data: JSONBody[HttpSinkHeadersPatchIn]
    ) -> EndpointHeadersOut:
        """Adds or changes the headers in `headers`, keeps the others, and returns all. What is
        polled gets `422`.
        """
        await sinks.existing(sink_id)
        changes: dict[str, str | None] = {**data.headers}
        await sinks.endpoints.patch_headers(sink_id, EndpointHeadersPatchIn(headers=changes))
        return await sinks.endpoints.headers(sink_id)

    @get(
        "/{sink_id:str}/secret",
        operation_id="v1.streaming.sink.get-secret",
        summary="Get the signing secret",
        opt={UNCOMPRESSED: True},
    )
    async def get_sink_secret(self, sinks: Sinks, sink_id: SinkRef) -> EndpointSecretOut:
        """Returns the sink's newest secret. What is polled has none, and gets `404`."""
        return await sinks.secret(sink_id)

    @post(
        "/{sink_id:str}/secret/rotate",
        operation_id="v1.streaming.sink.rotate-secret",
        summary="Rotate the signing secret",
        status_code=200,
        opt={UNCOMPRESSED: True},
    )
    async def rotate_sink_secret(
        self, sinks: Sinks, sink_id: SinkRef, data: JSONBody[EndpointSecretRotateIn]
    ) -> EndpointSecretOut:
        """Replaces the secret by `key`, or by a generated one if `key` is left out, and returns it.
        The previous secret keeps signing beside it for `gracePeriodSeconds`, 24 hours by default.
        """
        return await sinks.rotate_secret(sink_id, data)


def _out(sink: Sink) -> StreamSinkOut:
    return sink_out(sink.endpoint, sink.headers)
