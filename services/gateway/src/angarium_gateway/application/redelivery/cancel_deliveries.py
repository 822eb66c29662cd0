"""Cancel scheduled messages and pending deliveries on request."""

from dataclasses import dataclass

from angarium_contracts.deliveries import CancelDeliveries, DeliveriesChanged
from angarium_contracts.queries import Problem

from angarium_gateway.application.publish.schedule import Schedule
from angarium_gateway.application.read.references import References
from angarium_gateway.application.service_query import ServiceQuery

REASON = "cancelled manually"
CANCELED_AT_ONCE_MAX = 1_000
COMMANDS_MAX = 10
"""Commands to the worker for one request: together 10,000 deliveries."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """The number of cancelled deliveries; a message taken off the schedule counts as one. When it
    is not `done` there may be more, and the client asks again."""

    count: int
    done: bool


class CancelPendingDeliveries:
    """Ends deliveries before their next attempt. An attempt that is under way is finished, and its
    delivery ends with it. Raises `JournalUnavailable`."""

    def __init__(
        self,
        references: References,
        schedule: Schedule,
        ask_worker: ServiceQuery,
    ) -> None:
        self._references = references
        self._schedule = schedule
        self._ask_worker = ask_worker

    async def message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> Canceled | Problem:
        """Take a message off the schedule; when it is not scheduled, cancel its pending
        deliveries."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        message = owned.message
        if message.canceled_at is not None:
            return Canceled(0, done=True)
        if message.deliver_at is not None and await self._schedule.cancel(
            owned.application_id, message.id
        ):
            return Canceled(1, done=True)
        return await self._pending(message_id=message.id)

    async def delivery(
        self, tenant_id: bytes, application_ref: str, message_ref: str, endpoint_ref: str
    ) -> Canceled | Problem:
        """Cancel one delivery. An ordered endpoint goes on with the delivery after it."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        endpoint_id = await self._references.endpoint_id_of_message(
            tenant_id, application_ref, endpoint_ref
        )
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        return await self._pending(message_id=owned.message.id, endpoint_id=endpoint_id)

    async def endpoint(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> Canceled | Problem:
        """Cancel everything that is pending for an endpoint, at most
        `CANCELED_AT_ONCE_MAX * COMMANDS_MAX` deliveries."""
        endpoint_id = await self._references.endpoint_id(tenant_id, application_ref, endpoint_ref)
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        return await self._pending(endpoint_id=endpoint_id)

    async def _pending(
        self, *, message_id: bytes | None = None, endpoint_id: bytes | None = None
    ) -> Canceled | Problem:
        command = CancelDeliveries(
            reason=REASON,
            message_id=message_id,
            endpoint_id=endpoint_id,
            limit=CANCELED_AT_ONCE_MAX,
        )
        count = 0
        for _ in range(COMMANDS_MAX):
            changed = await self._ask_worker(command, DeliveriesChanged)
            if isinstance(changed, Problem):
                # What was cancelled so far stays so: the client asks again for the rest.
                return Canceled(count, done=False) if count else changed
            count += changed.count
            if changed.done:
                return Canceled(count, done=True)
        return Canceled(count, done=False)
