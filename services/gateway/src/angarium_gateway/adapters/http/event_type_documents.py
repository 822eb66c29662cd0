"""Describes event types as OpenAPI 3.1 and AsyncAPI 3.0 documents."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from angarium_contracts.configuration import EventType

from .event_type_schemas import DRAFT_07, newest, placed_at
from .schemas.event_type_specs import AsyncApiOut, OpenApiOut

_INFO: Final = {"title": "Webhooks", "version": "1.0.0"}
_RECEIVED: Final = {"2XX": {"description": "The webhook was received."}}
_FORMATS: Final = {
    "draft-04": "application/schema+json;version=draft-04",
    "draft-06": "application/schema+json;version=draft-06",
    "draft-07": "application/schema+json;version=draft-07",
    "2019-09": "application/schema+json;version=2019-09",
    "2020-12": "application/schema+json;version=2020-12",
}


def openapi_document(event_types: Iterable[EventType]) -> OpenApiOut:
    """OpenAPI 3.1: a webhook for each event type, with the schema of its greatest version."""
    webhooks: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for each in event_types:
        operation: dict[str, Any] = {
            "operationId": each.name,
            "description": each.description,
            "deprecated": each.deprecated,
            "responses": _RECEIVED,
        }
        if each.group_name is not None:
            operation |= {"tags": [each.group_name], "x-svix-group-name": each.group_name}
        if each.feature_flags:
            operation["x-svix-feature-flags"] = list(each.feature_flags)
        schema = _schema(each)
        if schema is not None:
            pointer = f"#/components/schemas/{each.name}"
            schemas[each.name] = placed_at({"$schema": DRAFT_07} | schema, pointer)
            content = {"application/json": {"schema": {"$ref": pointer}}}
            operation["requestBody"] = {"required": True, "content": content}
        webhooks[each.name] = {"post": operation}
    return OpenApiOut(
        openapi="3.1.0", info=_INFO, webhooks=webhooks, components={"schemas": schemas}
    )


def asyncapi_document(event_types: Iterable[EventType]) -> AsyncApiOut:
    """AsyncAPI 3.0: a channel with one message for each event type."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for each in event_types:
        message: dict[str, Any] = {
            "name": each.name,
            "description": each.description,
            "contentType": "application/json",
        }
        if each.group_name is not None:
            message["tags"] = [{"name": each.group_name}]
        if each.deprecated:
            message["x-deprecated"] = True
        schema = _schema(each)
        if schema is not None:
            pointer = f"#/channels/{each.name}/messages/{each.name}/payload/schema"
            message["payload"] = {
                "schemaFormat": _format(schema),
                "schema": placed_at({"$schema": DRAFT_07} | schema, pointer),
            }
        channels[each.name] = {"address": None, "messages": {each.name: message}}
        operations[each.name] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{each.name}"},
        }
    return AsyncApiOut(
        asyncapi="3.0.0",
        info=_INFO,
        default_content_type="application/json",
        channels=channels,
        operations=operations,
    )


def _schema(event_type: EventType) -> dict[str, Any] | None:
    schemas = event_type.schemas
    found = None if schemas is None else newest(msgspec.json.decode(schemas))
    return None if found is None else found[1]


def _format(schema: dict[str, Any]) -> str:
    named = str(schema.get("$schema", DRAFT_07))
    return (
        next(kind for draft, kind in (*_FORMATS.items(), ("", "")) if draft in named)
        or (_FORMATS["draft-07"])
    )
