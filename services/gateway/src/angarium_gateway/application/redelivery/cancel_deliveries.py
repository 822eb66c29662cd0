"""Cancelling by hand: what waits for its time, and deliveries that are pending.

The worker does not know who owns what; that is checked here first.
"""

from dataclasses import dataclass

from angarium_contracts.configuration import EndpointSaved, GetEndpoint
from angarium_contracts.deliveries import CancelDeliveries, DeliveriesChanged
from angarium_contracts.ids import ENDPOINT, parse_id
from angarium_contracts.queries import Problem

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.publish.schedule import Schedule
from angarium_gateway.application.read.attempts import no_message
from angarium_gateway.application.read.messages import Message, MessageJournal
from angarium_gateway.application.service_query import ServiceQuery

REASON = "cancelled by hand"
CANCELED_AT_ONCE_MAX = 1_000
COMMANDS_MAX = 10
"""For one request: 10,000 deliveries."""


@dataclass(frozen=True, slots=True)
class Canceled:
    """How many deliveries (a message that was taken off the schedule counts as one). Not `done`:
    there may be more; ask again."""

    count: int
    done: bool


class CancelPendingDeliveries:
    """Ends deliveries that somebody does not want any more. An attempt under way goes on, and its
    delivery ends with it. Raises `JournalUnavailable`."""

    def __init__(
        self,
        *,
        directory: ApplicationDirectory,
        journal: MessageJournal,
        schedule: Schedule,
        ask_dispatcher: ServiceQuery,
        ask_worker: ServiceQuery,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._schedule = schedule
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker

    async def message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> Canceled | Problem:
        """Take a message off the schedule; one that is not on it: cancel what is pending of it."""
        found = await self._message(tenant_id, application_ref, message_ref)
        if isinstance(found, Problem):
            return found
        application_id, message = found
        if message.canceled_at is not None:
            return Canceled(0, done=True)
        if message.deliver_at is not None and await self._schedule.cancel(
            application_id, message.id
        ):
            return Canceled(1, done=True)
        return await self._pending(message_id=message.id)

    async def delivery(
        self, tenant_id: bytes, application_ref: str, message_ref: str, endpoint_ref: str
    ) -> Canceled | Problem:
        """Cancel one delivery: in an ordered endpoint those behind it go on."""
        named = await self._message(tenant_id, application_ref, message_ref)
        if isinstance(named, Problem):
            return named
        _, message = named
        # A foreign endpoint has no delivery of this message, so an id need not be looked up.
        endpoint_id = parse_id(ENDPOINT, endpoint_ref)
        if endpoint_id is None:
            found = await self._endpoint_id(tenant_id, application_ref, endpoint_ref)
            if isinstance(found, Problem):
                return found
            endpoint_id = found
        return await self._pending(message_id=message.id, endpoint_id=endpoint_id)

    async def endpoint(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> Canceled | Problem:
        """Cancel everything that is pending for an endpoint, at most
        `CANCELED_AT_ONCE_MAX * COMMANDS_MAX` deliveries."""
        endpoint_id = await self._endpoint_id(tenant_id, application_ref, endpoint_ref)
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

    async def _message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> tuple[bytes, Message] | Problem:
        """The application's id, and its message."""
        application = await self._directory.find(tenant_id, application_ref)
        if isinstance(application, Problem):
            return application
        message = await self._journal.find(application.id, message_ref, with_content=False)
        return no_message(message_ref) if message is None else (application.id, message)

    async def _endpoint_id(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> bytes | Problem:
        question = GetEndpoint(
            tenant_id=tenant_id, application_ref=application_ref, ref=endpoint_ref
        )
        found = await self._ask_dispatcher(question, EndpointSaved)
        return found if isinstance(found, Problem) else found.endpoint.id
