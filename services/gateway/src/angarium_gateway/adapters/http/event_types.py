"""/api/v1/event-type"""

from typing import Annotated, Any, Final

import msgspec
from angarium_contracts.configuration import (
    CreateEventType,
    DeleteEventType,
    EventType,
    EventTypes,
    EventTypeSaved,
    GetEventType,
    ListEventTypes,
    PatchEventType,
    Precondition,
    UpdateEventType,
)
from angarium_contracts.queries import Done, Page, Problem, ProblemCode
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.tenants.portal_tokens import PortalGrant
from angarium_gateway.domain.permissions import KeyScope

from .dependencies import Api, ApiDependencies, CurrentCaller
from .entity_tags import WritePrecondition
from .kept_payloads import hours_of_event_types, keep_payloads_of_event_type
from .noted_changes import note_change
from .parameters import EventTypeRef, ordered_page
from .problems import Fault, Refused, invalid, refusal, unwrap
from .schemas.delivery_policy import delays, delays_of_new
from .schemas.event_types import (
    EventTypeIn,
    EventTypeOut,
    EventTypePatch,
    EventTypeUpdate,
    SchemaViolationsOut,
    event_type_out,
)
from .schemas.lists import ListResponse

IncludeArchived = Annotated[bool, QueryParameter(description="Include archived event types.")]
WithSchemas = Annotated[bool, QueryParameter(description="Include the JSON schemas.")]
Expunge = Annotated[bool, QueryParameter(description="Delete the event type for good.")]


_ABSENT: Final = Problem(
    code=ProblemCode.NOT_FOUND, detail="There is no such event type. Check its id or uid."
)
"""As the dispatcher answers it."""


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
        include_archived: IncludeArchived = False,
        with_content: WithSchemas = False,
    ) -> ListResponse[EventTypeOut]:
        """Returns the tenant's event types, without archived ones unless `include_archived` is
        true.
        """
        question = ListEventTypes(
            tenant_id=caller.tenant_id,
            page=page,
            include_archived=include_archived,
            with_content=with_content,
            feature_flags=visible_flags(caller),
        )
        found = unwrap(await api.ask_dispatcher(question, EventTypes))
        hours = await hours_of_event_types(api, caller.tenant_id, found.items)
        return ListResponse(
            data=await _with_violations(
                api,
                caller,
                [event_type_out(item, hours.get(item.name)) for item in found.items],
            ),
            iterator=found.iterator,
            prev_iterator=found.prev_iterator,
            done=found.done,
        )

    @post(
        operation_id="v1.event-type.create",
        summary="Create an event type",
    )
    async def create_event_type(
        self, api: Api, caller: CurrentCaller, data: JSONBody[EventTypeIn]
    ) -> EventTypeOut:
        """Creates an event type and answers `201`.

        If the name belongs to an archived event type, that one is replaced and restored. If it is
        in use, the answer is `409`.
        """
        saved = await create_event_type(api, caller, data)
        return await noted_event_type(api, caller, saved, data.payload_retention_hours)

    @get("/{event_type_name:str}", operation_id="v1.event-type.get", summary="Get an event type")
    async def get_event_type(
        self, api: Api, caller: CurrentCaller, event_type_name: EventTypeRef
    ) -> EventTypeOut:
        """Returns an event type by its name, archived or not."""
        question = GetEventType(tenant_id=caller.tenant_id, name=event_type_name)
        found = unwrap(await api.ask_dispatcher(question, EventTypeSaved)).event_type
        flags = visible_flags(caller)
        if flags is not None and found.feature_flags and not {*flags} & {*found.feature_flags}:
            raise Refused(refusal(_ABSENT))
        hours = await hours_of_event_types(api, caller.tenant_id, [found])
        shown = event_type_out(found, hours.get(found.name))
        return (await _with_violations(api, caller, [shown]))[0]

    @put(
        "/{event_type_name:str}",
        operation_id="v1.event-type.update",
        summary="Replace or create an event type",
        responses={201: ResponseSpec(EventTypeOut, description="The event type was created.")},
    )
    async def update_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        data: JSONBody[EventTypeUpdate],
        precondition: WritePrecondition,
    ) -> Response[EventTypeOut]:
        """Replaces every field of the event type: a field that is left out gets its default value.
        Only `retrySchedule` and `payloadRetentionHours` are kept.

        If there is no event type of this name, it is created, and the answer is `201`.
        """
        command = UpdateEventType(
            tenant_id=caller.tenant_id,
            name=event_type_name,
            description=data.description,
            archived=data.archived,
            deprecated=data.deprecated,
            group_name=data.group_name,
            **_flags(data),
            schemas=_text(data.schemas),
            retry_delays_s=delays(data.retry_schedule),
            precondition=precondition,
        )
        saved = unwrap(await api.ask_dispatcher(command, EventTypeSaved))
        api.schemas.forget_tenants({caller.tenant_id})
        shown = await noted_event_type(api, caller, saved, data.payload_retention_hours)
        return Response(shown, status_code=201 if saved.created else 200)

    @patch(
        "/{event_type_name:str}",
        operation_id="patch_event_type",
        summary="Update an event type",
    )
    async def patch_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        data: JSONBody[EventTypePatch],
        precondition: WritePrecondition,
    ) -> EventTypeOut:
        """Changes the fields that the body has, and keeps the others. `null` clears a field."""
        saved = await change_event_type(api, caller, event_type_name, data, precondition)
        return await noted_event_type(api, caller, saved, data.payload_retention_hours)

    @delete(
        "/{event_type_name:str}",
        operation_id="v1.event-type.delete",
        summary="Archive or delete an event type",
    )
    async def delete_event_type(
        self,
        api: Api,
        caller: CurrentCaller,
        event_type_name: EventTypeRef,
        precondition: WritePrecondition,
        expunge: Expunge = False,
    ) -> None:
        """Archives the event type: it is left out of lists, and can be restored by creating it
        again.

        With `expunge=true` it is deleted for good. Messages may use its name all the same.
        """
        command = DeleteEventType(
            tenant_id=caller.tenant_id,
            name=event_type_name,
            expunge=expunge,
            precondition=precondition,
        )
        done = unwrap(await api.ask_dispatcher(command, Done))
        api.schemas.forget_tenants({caller.tenant_id})
        await note_deleted_event_type(api, caller, event_type_name, done, expunge=expunge)


async def _with_violations(
    api: ApiDependencies, caller: Caller, shown: list[EventTypeOut]
) -> list[EventTypeOut]:
    if caller.application_id is not None:
        # They are of the messages of all applications, which is no customer's business.
        return shown
    names = [each.name for each in shown]
    counts = await api.schema_violations.of_event_types(caller.tenant_id, names)
    return [
        replace(
            each,
            schema_violations=SchemaViolationsOut(
                accepted=counted.accepted, refused=counted.refused, last_at=counted.last_at
            ),
        )
        if (counted := counts.get(each.name)) is not None
        else each
        for each in shown
    ]


async def noted_event_type(
    api: ApiDependencies, caller: Caller, saved: EventTypeSaved, hours: int | UnsetType | None
) -> EventTypeOut:
    """The answer with a saved event type, which is noted for the audit log. `hours`: for how long
    its payloads are kept from now on, unless it is unset. Raises `Refused`."""
    name = saved.event_type.name
    kept = await keep_payloads_of_event_type(api, caller.tenant_id, name, hours)
    after = event_type_out(saved.event_type, kept.after)
    note_change(None if saved.before is None else event_type_out(saved.before, kept.before), after)
    return after


async def note_deleted_event_type(
    api: ApiDependencies, caller: Caller, name: str, done: Done, *, expunge: bool
) -> None:
    """Note for the audit log that an event type was archived or, with `expunge`, deleted, which
    ends the retention of its payloads and the count of violations."""
    if expunge:
        await api.schema_violations.forget(caller.tenant_id, name)
    hours = None if expunge else UNSET
    kept = await keep_payloads_of_event_type(api, caller.tenant_id, name, hours)
    if done.before is not None:
        event_type = msgspec.json.decode(done.before, type=EventType)
        before = event_type_out(event_type, kept.before)
        note_change(before, None if expunge else replace(before, archived=True))


async def create_event_type(
    api: ApiDependencies, caller: Caller, data: EventTypeIn
) -> EventTypeSaved:
    """Create an event type. Raises `Refused`."""
    command = CreateEventType(
        tenant_id=caller.tenant_id,
        name=data.name,
        description=data.description,
        archived=data.archived,
        deprecated=data.deprecated,
        group_name=data.group_name,
        **_flags(data),
        schemas=_text(data.schemas),
        retry_delays_s=delays_of_new(data.retry_schedule),
    )
    saved = unwrap(await api.ask_dispatcher(command, EventTypeSaved))
    api.schemas.forget_tenants({caller.tenant_id})
    return saved


async def change_event_type(
    api: ApiDependencies,
    caller: Caller,
    name: str,
    data: EventTypePatch,
    precondition: Precondition | None = None,
) -> EventTypeSaved:
    """Change the fields that are given. Raises `Refused`."""
    command = PatchEventType(
        tenant_id=caller.tenant_id,
        name=name,
        description=data.description,
        archived=data.archived,
        deprecated=data.deprecated,
        group_name=data.group_name,
        **_flags(data),
        schemas=data.schemas if isinstance(data.schemas, UnsetType) else _text(data.schemas),
        retry_delays_s=delays(data.retry_schedule),
        precondition=precondition,
    )
    saved = unwrap(await api.ask_dispatcher(command, EventTypeSaved))
    api.schemas.forget_tenants({caller.tenant_id})
    return saved


def _text(schemas: dict[str, dict[str, Any]] | None) -> bytes | None:
    return None if schemas is None else msgspec.json.encode(schemas)


def _flags(data: EventTypeUpdate | EventTypePatch) -> dict[str, Any]:
    """Feature flags under both names, from the one that is given. Raises `Refused` if both are
    given and `featureFlag` is not one of `featureFlags`."""
    one, several = data.feature_flag, data.feature_flags
    if not one and not several:
        cleared = UNSET if one is UNSET and several is UNSET else None
        return {"feature_flag": cleared, "feature_flags": cleared}
    flags = tuple(several) if several else (one,)
    if one and one not in flags:
        message = "`featureFlag` is not one of `featureFlags`. Give only `featureFlags`."
        raise Refused(invalid(Fault(("body", "featureFlag"), message)))
    return {"feature_flag": flags[0], "feature_flags": flags}


def visible_flags(caller: Caller) -> tuple[str, ...] | None:
    """The feature flags that a portal token or a key of one application has; None for callers that
    see all event types."""
    grant = caller.grant
    if isinstance(grant, PortalGrant):
        return tuple(sorted(grant.feature_flags))
    return tuple(sorted(caller.feature_flags)) if grant is KeyScope.APPLICATION else None
