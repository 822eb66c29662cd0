"""Delete the content of one message, unless a delivery of it is pending."""

from dataclasses import dataclass
from enum import Enum, auto

from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.queries import Problem

from angarium_gateway.application.publish.schedule import Schedule
from angarium_gateway.application.redelivery.expunge_content import Payloads
from angarium_gateway.application.redelivery.redelivery_dispatcher import EXPUNGED_REASON
from angarium_gateway.application.redelivery.replayed_messages import ReplayedMessages
from angarium_gateway.application.service_query import ServiceQuery

from .erasable_messages import ErasableMessage


class Deletion(Enum):
    """The outcome for a message's content that is not deleted, or not all of it. PENDING: nothing
    was deleted, as a delivery is pending. UNDER_WAY: it is to be deleted again, as an attempt or a
    batch has not ended yet."""

    PENDING = auto()
    UNDER_WAY = auto()


@dataclass(frozen=True, slots=True)
class DeletedContent:
    """A message's content is deleted, in the worker from these numbers of rows."""

    attempts: int = 0
    pending_deliveries: int = 0


class DeleteContent:
    """Deletes payloads and the answers of attempts, without waiting. Raises `JournalUnavailable`.

    A message goes from the schedule through a batch to the worker, and never back: they are looked
    into in this order, so that it cannot be missed on its way.
    """

    def __init__(
        self,
        schedule: Schedule,
        replayed: ReplayedMessages,
        payloads: Payloads,
        ask_worker: ServiceQuery,
    ) -> None:
        self._schedule = schedule
        self._replayed = replayed
        self._payloads = payloads
        self._ask_worker = ask_worker

    async def __call__(
        self, message: ErasableMessage, *, cancel_pending: bool
    ) -> DeletedContent | Deletion | Problem:
        """Delete the content, and with `cancel_pending` cancel the deliveries that are pending."""
        if message.scheduled:
            if not cancel_pending:
                return Deletion.PENDING
            await self._schedule.cancel(message.application_id, message.id)
        if await self._replayed.still_open(message.application_id, [message.id]):
            return Deletion.UNDER_WAY if cancel_pending else Deletion.PENDING
        kept: DeliveriesChanged | Problem | None = None
        if not cancel_pending:
            kept = await self._at_worker(message.id, keep_pending=True)
            if isinstance(kept, Problem):
                return kept
            if not kept.done:
                return Deletion.PENDING
        await self._payloads.expunge(message.application_id, message.id)
        changed = kept or await self._at_worker(message.id)
        if isinstance(changed, Problem):
            return changed
        if not changed.done:
            return Deletion.UNDER_WAY
        return DeletedContent(changed.attempts, changed.pending_deliveries)

    async def _at_worker(
        self, message_id: bytes, *, keep_pending: bool = False
    ) -> DeliveriesChanged | Problem:
        command = ExpungeMessage(message_id, EXPUNGED_REASON, keep_pending)
        return await self._ask_worker(command, DeliveriesChanged)
