"""Delete the content of a message or an attempt, and keep its record."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from angarium_contracts.attempts import ExpungeAttempt
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.ids import ATTEMPT, parse_id
from angarium_contracts.queries import Done, Problem, ProblemCode

from angarium_gateway.application.legal_holds import LegalHolds, refuse_held
from angarium_gateway.application.publish.schedule import Schedule
from angarium_gateway.application.read.attempts import attempt_not_found
from angarium_gateway.application.read.references import References
from angarium_gateway.application.service_query import ServiceQuery

from .redelivery_dispatcher import EXPUNGED_REASON
from .replayed_messages import ReplayedMessages

WAITS_S: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses before each look whether copies are still in use: about three seconds in all."""

type Sleep = Callable[[float], Awaitable[object]]


class Payloads(Protocol):
    """The payloads in the journal."""

    async def expunge(self, application_id: bytes, message_id: bytes) -> None:
        """Delete the payload of a message that no open batch contains. A repetition has no further
        effect. Raises `JournalUnavailable`."""


class ExpungeContent:
    """Deletes content (DELETE …/content). Raises `JournalUnavailable`.

    Success means that no table and no stream contains it any more. A request that cannot wait for
    this is answered UNAVAILABLE, and its repetition continues it.
    """

    def __init__(
        self,
        references: References,
        schedule: Schedule,
        replayed: ReplayedMessages,
        payloads: Payloads,
        ask_worker: ServiceQuery,
        holds: LegalHolds,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._references = references
        self._schedule = schedule
        self._replayed = replayed
        self._payloads = payloads
        self._ask_worker = ask_worker
        self._holds = holds
        self._sleep = sleep

    async def message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> Problem | None:
        """Delete a message's payload, and the answers of its attempts, which may repeat it. Its
        pending deliveries are cancelled; a scheduled message is not sent."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        application_id, message = owned.application_id, owned.message
        held = await refuse_held(self._holds, tenant_id, application_id)
        if held is not None:
            return held
        if message.deliver_at is not None and message.canceled_at is None:
            await self._schedule.cancel(application_id, message.id)
        if not await self._is_handed_over(application_id, message.id):
            return _unavailable("The message is being handed to the workers.")
        await self._payloads.expunge(application_id, message.id)
        return await self._expunge_at_worker(message.id)

    async def attempt(
        self, tenant_id: bytes, application_ref: str, message_ref: str, attempt_ref: str
    ) -> Problem | None:
        """Delete the answer that an attempt got."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        attempt_id = parse_id(ATTEMPT, attempt_ref)
        if attempt_id is None:
            return attempt_not_found(attempt_ref)
        held = await refuse_held(self._holds, tenant_id, owned.application_id)
        if held is not None:
            return held
        command = ExpungeAttempt(message_id=owned.message.id, attempt_id=attempt_id)
        done = await self._ask_worker(command, Done)
        return done if isinstance(done, Problem) else None

    async def _is_handed_over(self, application_id: bytes, message_id: bytes) -> bool:
        """Wait until no batch contains the message: its copies on the way are deleted by then, and
        what is left of it are records of the worker."""
        for wait_s in WAITS_S:
            await self._sleep(wait_s)
            if not await self._replayed.still_open(application_id, [message_id]):
                return True
        return False

    async def _expunge_at_worker(self, message_id: bytes) -> Problem | None:
        command = ExpungeMessage(message_id=message_id, reason=EXPUNGED_REASON)
        for wait_s in WAITS_S:
            await self._sleep(wait_s)
            changed = await self._ask_worker(command, DeliveriesChanged)
            if isinstance(changed, Problem):
                return changed
            if changed.done:
                return None
        return _unavailable("The payload is deleted, but an attempt of the message is under way.")


def _unavailable(reason: str) -> Problem:
    return Problem(
        code=ProblemCode.UNAVAILABLE, detail=f"{reason} Repeat the request in a few seconds."
    )
