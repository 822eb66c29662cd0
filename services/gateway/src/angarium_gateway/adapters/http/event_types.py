"""/api/v1/event-type"""

from typing import Any

import msgspec
from angarium_contracts.configuration import (
    CreateEventType,
    DeleteEventType,
    EventTypes,
    EventTypeSaved,
    GetEventType,
    ListEventTypes,
    PatchEventType,
    UpdateEventType,
)
from angarium_contracts.queries import Done, Page
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, JSONBody, SkipValidation
from msgspec import UnsetType

from .dependencies import Api, CurrentCaller
from .parameters import EventTypeRef, WithContent, ordered_page
from .problems import unwrap
from .schemas.delivery_policy import delays, delays_of_new
from .schemas.event_types import (
    EventTypeIn,
    EventTypeOut,
    EventTypePatch,
    EventTypeUpdate,
    event_type_out,
)
from .schemas.lists import ListResponse


class EventTypeController(Controller):
    """Event types of the tenant: names that messages carry and endpoints filter by."""

    path = "/api/v1/event-type"
    tags = ("Event Type",)

    @get(
        operation_id="v1.event-type.list",
        summary="List event types",
        dependencies={"page": Provide(ordered_page, sync_to_thread=False)},
    )
    async def list_event_types(
        self,
        api: Api,
        caller: CurrentCaller,
        page: NamedDependency[SkipValidation[Page]],
        include_archived: FromQuery[bool] = False,
        with_content: WithContent = False,
    ) -> ListResponse[EventTypeOut]:
        question = ListEventTypes(
            tenant_id=caller.tenant_id,
            page=page,
            include_archived=include_archived,
            with_content=with_content,
        )
        found = unwrap(await api.ask_dispatcher(question, EventTypes))
        return ListResponse(
            data=[event_type_out(item) for item in found.items],
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.event-type.create",
        summary="Create an event type, or bring an archived one back",
    )
    async def create_event_type(
        self, api: Api, caller: CurrentCaller, data: JSONBody[EventTypeIn]
    ) -> EventTypeOut:
        command = CreateEventType(
            tenant_id=caller.tenant_id,
            name=data.name,
            description=data.description,
            archived=data.archived,
            deprecated=data.deprecated,
            feature_flag=data.feature_flag,
            schemas=_text(data.schemas),
            retry_delays_s=delays_of_new(data.retry_schedule),
        )
        return event_type_out(unwrap(await api.ask_dispatcher(command, EventTypeSaved)).event_type)

    @get("/{event_type_name:str}", operation_id="v1.event-type.get", summary="Get an event type")
    async def get_event_type(
        self, api: Api, caller: CurrentCaller, event_type_name: EventTypeRef
    ) -> EventTypeOut:
        question = GetEventType(tenant_id=caller.tenant_id, name=event_type_name)
        return event_type_out(unwrap(await api.ask_dispatcher(question, EventTypeSaved)).event_type)

    @put(
        "/{event_type_name:str}",
        operation_id="v1.event-type.update",
        summary="Replace an event type, or create it",
        responses={201: ResponseSpec(EventTypeOut, description="It is new")},
    )
    async def update_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        data: JSONBody[EventTypeUpdate],
    ) -> Response[EventTypeOut]:
        command = UpdateEventType(
            tenant_id=caller.tenant_id,
            name=event_type_name,
            description=data.description,
            archived=data.archived,
            deprecated=data.deprecated,
            feature_flag=data.feature_flag,
            schemas=_text(data.schemas),
            retry_delays_s=delays(data.retry_schedule),
        )
        saved = unwrap(await api.ask_dispatcher(command, EventTypeSaved))
        return Response(event_type_out(saved.event_type), status_code=201 if saved.created else 200)

    @patch(
        "/{event_type_name:str}",
        operation_id="patch_event_type",
        summary="Change some members of an event type",
    )
    async def patch_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        data: JSONBody[EventTypePatch],
    ) -> EventTypeOut:
        command = PatchEventType(
            tenant_id=caller.tenant_id,
            name=event_type_name,
            description=data.description,
            archived=data.archived,
            deprecated=data.deprecated,
            feature_flag=data.feature_flag,
            schemas=data.schemas if isinstance(data.schemas, UnsetType) else _text(data.schemas),
            retry_delays_s=delays(data.retry_schedule),
        )
        return event_type_out(unwrap(await api.ask_dispatcher(command, EventTypeSaved)).event_type)

    @delete(
        "/{event_type_name:str}",
        operation_id="v1.event-type.delete",
        summary="Archive an event type, or delete it for good",
    )
    async def delete_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        expunge: FromQuery[bool] = False,
    ) -> None:
        command = DeleteEventType(tenant_id=caller.tenant_id, name=event_type_name, expunge=expunge)
        unwrap(await api.ask_dispatcher(command, Done))


def _text(schemas: dict[str, dict[str, Any]] | None) -> bytes | None:
    return None if schemas is None else msgspec.json.encode(schemas)
