"""/api/v1/event-type/import and /api/v1/event-type/export"""

import asyncio
from typing import Any, Final

import msgspec
from angarium_contracts.configuration import (
    DeleteEventType,
    EventType,
    EventTypes,
    EventTypeSaved,
    ListEventTypes,
    UpdateEventType,
)
from angarium_contracts.queries import Done, Page
from litestar import Controller, get, post
from litestar.params import JSONBody

from .dependencies import Api, ApiDependencies, CurrentCaller
from .event_type_documents import asyncapi_document, openapi_document
from .event_type_schemas import newest
from .openapi_webhooks import event_types_of, read_text
from .parameters import LIMIT_MAX
from .problems import Fault, Refused, invalid, unwrap
from .schemas.event_type_specs import (
    AsyncApiOut,
    EventTypeFromOpenApi,
    EventTypeImportOpenApiIn,
    EventTypeImportOpenApiOut,
    EventTypeImportOpenApiOutData,
    OpenApiOut,
)

EVENT_TYPES_MAX: Final = 10_000
"""Event types that an import compares with, and an export has."""


class EventTypeSpecController(Controller):
    """Event types of the tenant: names that messages carry and endpoints filter by."""

    path = "/api/v1/event-type"
    tags = ("Event Type",)

    @post(
        "/import/openapi",
        status_code=200,
        operation_id="v1.event-type.import-openapi",
        summary="Import event types from OpenAPI",
    )
    async def import_openapi(
        self, api: Api, caller: CurrentCaller, data: JSONBody[EventTypeImportOpenApiIn]
    ) -> EventTypeImportOpenApiOut:
        """Creates or changes an event type for each webhook of an OpenAPI 3.0 or 3.1 document, in
        `webhooks` or `x-webhooks`, and answers with the names of those that were changed.

        The webhook's name becomes that of the event type, and the schema of the JSON that it sends
        replaces the schema of the greatest version. What the schema refers to within the document
        is put into it. `x-svix-group-name` and `x-svix-feature-flags` of the operation become
        `groupName` and `featureFlags`. An archived event type is restored. Up to 500 webhooks.
        """
        member, document = await _document(data)
        described = event_types_of(document, member)
        existing = {each.name: each for each in await _all(api, caller.tenant_id, archived=True)}
        changed = [
            each
            for each in (_merged(one, existing.get(one.name)) for one in described)
            if _differs(each, existing.get(each.name))
        ]
        if data.dry_run:
            planned = EventTypeImportOpenApiOutData(modified=[], to_modify=changed)
            return EventTypeImportOpenApiOut(data=planned)
        names = {each.name for each in described}
        dropped = [
            name
            for name, each in existing.items()
            if data.replace_all and name not in names and not each.archived
        ]
        try:
            for each in changed:
                unwrap(await api.ask_dispatcher(_command(caller.tenant_id, each), EventTypeSaved))
            for name in dropped:
                question = DeleteEventType(tenant_id=caller.tenant_id, name=name)
                unwrap(await api.ask_dispatcher(question, Done))
        finally:
            api.schemas.forget_tenants({caller.tenant_id})
        modified = [*(each.name for each in changed), *dropped]
        return EventTypeImportOpenApiOut(data=EventTypeImportOpenApiOutData(modified=modified))

    @get(
        "/export/openapi",
        operation_id="v1.event-type.export-openapi",
        summary="Export event types as OpenAPI",
    )
    async def export_openapi(self, api: Api, caller: CurrentCaller) -> OpenApiOut:
        """Returns an OpenAPI 3.1 document with a webhook for each event type that is not archived,
        and the schema of its greatest version. It can be imported again.
        """
        return openapi_document(await _all(api, caller.tenant_id, archived=False))

    @get(
        "/export/asyncapi",
        operation_id="v1.event-type.export-asyncapi",
        summary="Export event types as AsyncAPI",
    )
    async def export_asyncapi(self, api: Api, caller: CurrentCaller) -> AsyncApiOut:
        """Returns an AsyncAPI 3.0 document with a channel and a message for each event type that is
        not archived, and the schema of its greatest version.
        """
        return asyncapi_document(await _all(api, caller.tenant_id, archived=False))


async def _document(data: EventTypeImportOpenApiIn) -> tuple[str, dict[str, Any]]:
    """The document, and the member of the body that it is in."""
    if data.spec is not None and data.spec_raw is None:
        return "spec", data.spec
    if data.spec_raw is not None and data.spec is None:
        return "specRaw", await asyncio.to_thread(read_text, data.spec_raw)
    raise Refused(invalid(Fault(("body", "spec"), "Give either `spec` or `specRaw`.")))


async def _all(api: ApiDependencies, tenant_id: bytes, *, archived: bool) -> list[EventType]:
    found: list[EventType] = []
    iterator: str | None = None
    while len(found) < EVENT_TYPES_MAX:
        question = ListEventTypes(
            tenant_id=tenant_id,
            page=Page(limit=LIMIT_MAX, iterator=iterator),
            include_archived=archived,
            with_content=True,
        )
        page = unwrap(await api.ask_dispatcher(question, EventTypes))
        found.extend(page.items)
        iterator = page.iterator
        if page.done or iterator is None:
            break
    return found


def _merged(described: EventTypeFromOpenApi, existing: EventType | None) -> EventTypeFromOpenApi:
    """The event type to save: earlier versions of its schema stay."""
    earlier = None if existing is None else existing.schemas
    if earlier is None:
        return described
    schemas: dict[str, Any] = msgspec.json.decode(earlier)
    latest, imported = newest(schemas), newest(described.schemas)
    if imported is not None:
        schemas[latest[0] if latest is not None else imported[0]] = imported[1]
    return msgspec.structs.replace(described, schemas=schemas)


def _differs(planned: EventTypeFromOpenApi, existing: EventType | None) -> bool:
    if existing is None or existing.archived:
        return True
    schemas = None if existing.schemas is None else msgspec.json.decode(existing.schemas)
    return (
        planned.description,
        planned.deprecated,
        planned.schemas,
        planned.group_name,
        planned.feature_flags or None,
    ) != (
        existing.description,
        existing.deprecated,
        schemas,
        existing.group_name,
        existing.feature_flags or None,
    )


def _command(tenant_id: bytes, planned: EventTypeFromOpenApi) -> UpdateEventType:
    flags = planned.feature_flags
    return UpdateEventType(
        tenant_id=tenant_id,
        name=planned.name,
        description=planned.description,
        deprecated=planned.deprecated,
        group_name=planned.group_name,
        feature_flag=flags[0] if flags else None,
        feature_flags=flags,
        schemas=None if planned.schemas is None else msgspec.json.encode(planned.schemas),
    )
