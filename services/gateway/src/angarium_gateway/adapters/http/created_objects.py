"""Checks that an object that an earlier request created still exists."""

from typing import Any

import msgspec
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    ApplicationSaved,
    EndpointSaved,
    EventTypeSaved,
    GetApplication,
    GetEndpoint,
    GetEventType,
)
from angarium_contracts.contract import Contract
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery


class CreatedObjects:
    """Finds the objects of stored answers by the operation that created them."""

    def __init__(self, ask_dispatcher: ServiceQuery) -> None:
        self._ask_dispatcher = ask_dispatcher

    async def deleted(
        self, tenant_id: bytes, operation_id: str, path: dict[str, Any], body: bytes
    ) -> str | None:
        """The id or name of the created object if it was deleted since; None if it is still there,
        or the operation creates none, or the dispatcher cannot tell."""
        created = msgspec.json.decode(body) if body else {}
        asked = _question(tenant_id, operation_id, path, created)
        if asked is None:
            return None
        question, kind, named = asked
        found: Contract = await self._ask_dispatcher(question, kind)
        gone = isinstance(found, Problem) and found.code is ProblemCode.NOT_FOUND
        return named if gone else None


def _question(
    tenant_id: bytes, operation_id: str, path: dict[str, Any], created: dict[str, Any]
) -> tuple[Contract, type[Contract], str] | None:
    ref = str(created.get("id", created.get("name", "")))
    match operation_id:
        case "v1.application.create":
            return GetApplication(tenant_id=tenant_id, ref=ref), ApplicationSaved, ref
        case "v1.ingest.source.create":
            source = GetApplication(tenant_id, ref, ApplicationKind.SOURCE)
            return source, ApplicationSaved, ref
        case "v1.streaming.stream.create":
            stream = GetApplication(tenant_id, ref, ApplicationKind.STREAM)
            return stream, ApplicationSaved, ref
        case "v1.event-type.create" | "v1.streaming.event-type.create":
            return GetEventType(tenant_id=tenant_id, name=ref), EventTypeSaved, ref
        case "v1.endpoint.create" | "v1.destination.create":
            return GetEndpoint(tenant_id, str(path["app_id"]), ref), EndpointSaved, ref
        case "v1.operational-webhook.endpoint.create":
            owner = format_id(APPLICATION, operational_application_id(tenant_id))
            return GetEndpoint(tenant_id, owner, ref), EndpointSaved, ref
        case _:
            return None
