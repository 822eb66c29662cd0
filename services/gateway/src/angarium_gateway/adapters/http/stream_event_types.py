"""/api/v1/stream/event-type: the event types of messages, as clients of streams know them."""

from typing import Annotated

from angarium_contracts.configuration import (
    DeleteEventType,
    EventTypes,
    EventTypeSaved,
    GetEventType,
    ListEventTypes,
)
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation
from msgspec import UNSET

from angarium_gateway.application.tenants.authentication import Caller

from .dependencies import Api, ApiDependencies, CurrentCaller
from .event_types import (
    Expunge,
    IncludeArchived,
    change_event_type,
    create_event_type,
    note_deleted_event_type,
    noted_event_type,
    visible_flags,
)
from .parameters import NAME_CHARS_MAX, ordered_page
from .problems import Fault, Refused, invalid, unwrap
from .schemas.event_types import EventTypeIn, EventTypePatch
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse
from .schemas.streams import (
    StreamEventTypeIn,
    StreamEventTypeOut,
    StreamEventTypePatch,
    stream_event_type_out,
)

EventTypeName = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The event type's name."
    ),
]


class StreamEventTypeController(Controller):
    """Event types: one set for messages and for events of streams."""

    path = "/api/v1/stream/event-type"
    tags = ("Stream Event Type",)

    @get(
        operation_id="v1.streaming.event-type.list",
        summary="List event types of streams",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_stream_event_types(
        self,
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
        include_archived: IncludeArchived = False,
    ) -> ListResponse[StreamEventTypeOut]:
        """Returns the tenant's event types, which are those of messages too, without archived ones
        unless `include_archived` is true.
        """
        question = ListEventTypes(
            tenant_id=caller.tenant_id,
            page=page,
            include_archived=include_archived,
            feature_flags=visible_flags(caller),
        )
        found = unwrap(await api.ask_dispatcher(question, EventTypes))
        return ListResponse(
            data=[stream_event_type_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(operation_id="v1.streaming.event-type.create", summary="Create an event type of streams")
    async def create_stream_event_type(
        self, api: Api, caller: CurrentCaller, data: JSONBody[StreamEventTypeIn]
    ) -> StreamEventTypeOut:
        """Creates an event type and answers `201`. If the name is in use, the answer is `409`."""
        return await _noted(api, caller, await create_event_type(api, caller, _new(data)))

    @get(
        "/{name:str}",
        operation_id="v1.streaming.event-type.get",
        summary="Get an event type of streams",
    )
    async def get_stream_event_type(
        self, api: Api, caller: CurrentCaller, name: EventTypeName
    ) -> StreamEventTypeOut:
        """Returns an event type by its name, archived or not."""
        question = GetEventType(tenant_id=caller.tenant_id, name=name)
        found = unwrap(await api.ask_dispatcher(question, EventTypeSaved))
        return stream_event_type_out(found.event_type)

    @put(
        "/{name:str}",
        operation_id="v1.streaming.event-type.update",
        summary="Replace or create an event type of streams",
        responses={201: ResponseSpec(StreamEventTypeOut, description="It was created.")},
    )
    async def update_stream_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        name: EventTypeName,
        data: JSONBody[StreamEventTypeIn],
    ) -> Response[StreamEventTypeOut]:
        """Replaces the members that an event type of streams has; schemas and the other members of
        event types are kept.

        If there is no event type of this name, it is created, and the answer is `201`.
        """
        if data.name != name:
            message = "`name` must be the name in the path."
            raise Refused(invalid(Fault(("body", "name"), message)))
        question = GetEventType(tenant_id=caller.tenant_id, name=name)
        found = await api.ask_dispatcher(question, EventTypeSaved)
        if isinstance(found, Problem) and found.code is ProblemCode.NOT_FOUND:
            new = await create_event_type(api, caller, _new(data))
            created = await _noted(api, caller, new)
            return Response(created, status_code=201)
        unwrap(found)
        changes = EventTypePatch(
            description=data.description or "",
            deprecated=data.deprecated or False,
            archived=data.archived or False,
            feature_flags=data.feature_flags,
        )
        changed = await change_event_type(api, caller, name, changes)
        return Response(await _noted(api, caller, changed), status_code=200)

    @patch(
        "/{name:str}",
        operation_id="v1.streaming.event-type.patch",
        summary="Update an event type of streams",
    )
    async def patch_stream_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        name: EventTypeName,
        data: JSONBody[StreamEventTypePatch],
    ) -> StreamEventTypeOut:
        """Changes the members that the body has, and keeps the others. `null` clears a member."""
        changes = EventTypePatch(
            description="" if data.description is None else data.description,
            deprecated=False if data.deprecated is None else data.deprecated,
            archived=False if data.archived is None else data.archived,
            feature_flags=data.feature_flags,
        )
        return await _noted(api, caller, await change_event_type(api, caller, name, changes))

    @delete(
        "/{name:str}",
        operation_id="v1.streaming.event-type.delete",
        summary="Archive or delete an event type of streams",
    )
    async def delete_stream_event_type(
        self, api: Api, caller: CurrentCaller, name: EventTypeName, expunge: Expunge = False
    ) -> None:
        """Archives the event type, for messages too; with `expunge=true` it is deleted for good."""
        command = DeleteEventType(tenant_id=caller.tenant_id, name=name, expunge=expunge)
        done = unwrap(await api.ask_dispatcher(command, Done))
        api.schemas.forget_tenants({caller.tenant_id})
        await note_deleted_event_type(api, caller, name, done, expunge=expunge)


def _new(data: StreamEventTypeIn) -> EventTypeIn:
    return EventTypeIn(
        name=data.name,
        description=data.description or "",
        deprecated=data.deprecated or False,
        archived=data.archived or False,
        feature_flags=UNSET if data.feature_flags is None else data.feature_flags,
    )


async def _noted(api: ApiDependencies, caller: Caller, saved: EventTypeSaved) -> StreamEventTypeOut:
    await noted_event_type(api, caller, saved, UNSET)
    return stream_event_type_out(saved.event_type)
