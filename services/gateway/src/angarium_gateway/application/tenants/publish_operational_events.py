"""Publishes operational events, such as `endpoint.disabled`, as webhooks to the tenant.

Each event becomes a message of the tenant's operational application and is accepted like any other.
The event's id is the message's eventId, so an event that is reported twice is published once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import (
    APPLICATION,
    OPERATIONAL_EVENT,
    format_id,
    operational_application_id,
)
from angarium_contracts.operational import OperationalEvent
from angarium_contracts.queries import Done, Problem, ProblemCode

from angarium_gateway.application.accept.accept_message import (
    Accepted,
    AcceptOutcome,
    Busy,
    Draft,
    EventIdTaken,
    KeyReused,
    MessageDeleted,
)
from angarium_gateway.application.configuration.application_directory import ApplicationCopy
from angarium_gateway.application.read.messages import Message, MessageJournal

log = structlog.get_logger()


class IncompleteEvent(ValueError):
    """The event lacks a field that its type requires."""


class EncodePayload(Protocol):
    """Encodes an event as the webhook payload of the public API."""

    def __call__(
        self,
        event: OperationalEvent,
        *,
        application_uid: str | None,
        message_event_id: str | None,
    ) -> bytes:
        """The JSON text of the event. Raises `IncompleteEvent`."""
        ...


class Accept(Protocol):
    """The use case `AcceptMessage`."""

    async def __call__(
        self, tenant_id: bytes, application_ref: str, draft: Draft
    ) -> AcceptOutcome: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """Data of the gateway that complete events: applications' uids, and messages."""

    uids: Mapping[bytes, str | None]
    messages: Mapping[bytes, Message]


class PublishOperationalEvents:
    """Carries out `PostOperationalEvents`."""

    def __init__(
        self,
        accept: Accept,
        applications: ApplicationCopy,
        journal: MessageJournal,
        encode_payload: EncodePayload,
    ) -> None:
        self._accept = accept
        self._applications = applications
        self._journal = journal
        self._encode_payload = encode_payload

    async def __call__(self, events: Sequence[OperationalEvent]) -> Done | Problem:
        """Commit the events of tenants that have operational endpoints. After a `Problem` some may
        be missing, and all can be sent again. Raises `JournalUnavailable`."""
        wanted = await self._wanted(events)
        known = await self._look_up(wanted)
        problems = await asyncio.gather(*[self._post(event, known) for event in wanted])
        return next((problem for problem in problems if problem is not None), Done())

    async def _wanted(self, events: Sequence[OperationalEvent]) -> list[OperationalEvent]:
        """The events of tenants that have an operational application. The copy of the directory is
        enough to tell: it holds a new endpoint before the client is answered."""
        listening: set[bytes] = set()
        for tenant_id in {event.tenant_id for event in events}:
            if await self._application(tenant_id, operational_application_id(tenant_id)):
                listening.add(tenant_id)
        return [
            event
            for event in events
            if event.tenant_id in listening
            # Events about operational webhooks themselves are dropped: each would cause another.
            and event.application_id != operational_application_id(event.tenant_id)
        ]

    async def _application(
        self, tenant_id: bytes, application_id: bytes
    ) -> ApplicationState | None:
        ref = format_id(APPLICATION, application_id)
        state = await self._applications.find(tenant_id, application_id, ref)
        return state if state is not None and state.id == application_id else None

    async def _look_up(self, events: Sequence[OperationalEvent]) -> _Known:
        uids: dict[bytes, str | None] = {}
        messages: dict[bytes, Message] = {}
        for application_id, tenant_id in {(one.application_id, one.tenant_id) for one in events}:
            application = await self._application(tenant_id, application_id)
            uids[application_id] = None if application is None else application.uid
            ids = [
                one.message_id
                for one in events
                if one.application_id == application_id and one.message_id is not None
            ]
            if ids:
                messages |= await self._journal.find_many(application_id, ids)
        return _Known(uids, messages)

    async def _post(self, event: OperationalEvent, known: _Known) -> Problem | None:
        message = None if event.message_id is None else known.messages.get(event.message_id)
        try:
            payload = self._encode_payload(
                event,
                application_uid=known.uids.get(event.application_id),
                message_event_id=None if message is None else message.event_id,
            )
        except IncompleteEvent as error:
            # A repeat would fail in the same way, and would hold up the other events of the
            # command.
            log.warning("operational_event.incomplete", id=event.id.hex(), reason=str(error))
            return None
        draft = Draft(event.type, payload, event_id=format_id(OPERATIONAL_EVENT, event.id))
        application_id = operational_application_id(event.tenant_id)
        outcome = await self._accept(event.tenant_id, format_id(APPLICATION, application_id), draft)
        match outcome:
            case Accepted() | EventIdTaken() | Problem(code=ProblemCode.NOT_FOUND):
                return None
            case Busy(reason):
                return Problem(code=ProblemCode.UNAVAILABLE, detail=f"{reason} Try again.")
            case Problem():
                return outcome
            case KeyReused() | MessageDeleted():
                raise ValueError("an operational event has no idempotency key")
            case _:
                assert_never(outcome)
