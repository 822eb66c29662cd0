"""Send an example of an event type to one endpoint."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from angarium_contracts.configuration import EventTypeSaved, GetEventType
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.example_payload import example_payload, latest_schema
from angarium_gateway.domain.messages import NewMessage

from .redelivery_dispatcher import RedeliveryDispatcher
from .replayed_messages import MessageHead, TargetedMessages

_schemas = msgspec.json.Decoder(dict[str, Any])


class SendExample:
    """Sends examples (POST …/endpoint/{endpoint}/send-example). Raises `JournalUnavailable`."""

    def __init__(
        self,
        *,
        targeted: TargetedMessages,
        redelivery: RedeliveryDispatcher,
        ask_dispatcher: ServiceQuery,
        make_id: Callable[[], bytes],
    ) -> None:
        self._targeted = targeted
        self._redelivery = redelivery
        self._ask_dispatcher = ask_dispatcher
        self._make_id = make_id

    async def __call__(
        self,
        tenant_id: bytes,
        application_ref: str,
        endpoint_ref: str,
        event_type: str,
        *,
        index: int = 0,
        payload: Mapping[str, Any] | None = None,
    ) -> NewMessage | Problem:
        """Send `payload` or, without one, the example with this index from the newest schema. After
        an UNAVAILABLE problem the message may have been stored; a repeat sends another one."""
        kind = MessageHead(self._make_id(), event_type, 0)
        matched = await self._redelivery.match(
            tenant_id, application_ref, endpoint_ref, [kind], ignore_filters=True
        )
        if isinstance(matched, Problem):
            return matched
        content = await self._content(tenant_id, event_type, index, payload)
        if isinstance(content, Problem):
            return content
        message = NewMessage(
            id=kind.id,
            tenant_id=tenant_id,
            application_id=matched.application_id,
            event_type=event_type,
            payload=content,
        )
        await self._targeted.store(message)
        sent = await self._redelivery.send_messages(
            tenant_id, matched, [(message, matched.retry_delays_s[0])]
        )
        return sent if isinstance(sent, Problem) else message

    async def _content(
        self, tenant_id: bytes, event_type: str, index: int, payload: Mapping[str, Any] | None
    ) -> bytes | Problem:
        question = GetEventType(tenant_id=tenant_id, name=event_type)
        found = await self._ask_dispatcher(question, EventTypeSaved)
        if isinstance(found, Problem):
            return found
        schemas = found.event_type.schemas
        schema = None if schemas is None else latest_schema(_schemas.decode(schemas))
        if payload is None and schema is not None:
            payload = example_payload(schema, index)
        if payload is None:
            return Problem(
                code=ProblemCode.INVALID,
                field="eventType",
                detail=f"{event_type} has no example{f' {index}' if index else ''}. Add one to"
                " `examples` of the newest of its schemas.",
            )
        return msgspec.json.encode(payload)
