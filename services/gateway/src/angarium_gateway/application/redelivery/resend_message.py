"""Resend one message to one endpoint."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.read.references import References

from .redelivery_dispatcher import Chosen, RedeliveryDispatcher
from .replayed_messages import ReplayedMessages

EXPUNGED: Final = (
    "The payload of this message was deleted, or its retention has ended. Post the message again."
)


class ResendMessage:
    """Resends a message (POST …/msg/{msg}/endpoint/{endpoint}/resend). Raises
    `JournalUnavailable`."""

    def __init__(
        self,
        *,
        references: References,
        replayed: ReplayedMessages,
        redelivery: RedeliveryDispatcher,
        now: Callable[[], datetime],
    ) -> None:
        self._references = references
        self._replayed = replayed
        self._redelivery = redelivery
        self._now = now

    async def __call__(
        self, tenant_id: bytes, application_ref: str, message_ref: str, endpoint_ref: str
    ) -> Problem | None:
        """Resend regardless of the endpoint's filters; None once the delivery is durably pending.
        The problem is a CONFLICT when the endpoint is disabled, or the message is not due yet or
        has no content any more."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        message = owned.message
        at = message.deliver_at
        if at is not None and message.canceled_at is None and at > self._now():
            return _conflict(
                f"The message is scheduled for {at.isoformat()}. Wait for its delivery."
            )
        heads = await self._replayed.heads(owned.application_id, [message.id])
        head = heads.get(message.id)
        if head is None or head.expunged:
            return _conflict(EXPUNGED)
        matched = await self._redelivery.match(
            tenant_id, application_ref, endpoint_ref, [head], ignore_filters=True
        )
        if isinstance(matched, Problem):
            return matched
        chosen = [Chosen(head, matched.retry_delays_s[0])]
        sent = await self._redelivery.send(tenant_id, matched, chosen)
        return sent if isinstance(sent, Problem) else None


def _conflict(detail: str) -> Problem:
    return Problem(code=ProblemCode.CONFLICT, detail=detail)
