"""Resolves the ids and uids that a client sends to objects of its own tenant.

The worker stores attempts and deliveries without their owner, so nothing reaches it before the
message and the endpoint have been found here, under the tenant of the API key.
"""

from dataclasses import dataclass

from angarium_contracts.configuration import EndpointSaved, GetEndpoint
from angarium_contracts.ids import ENDPOINT, parse_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.service_query import ServiceQuery

from .messages import Message, MessageJournal


@dataclass(frozen=True, slots=True)
class OwnedMessage:
    """A message without its payload, and the id of its application."""

    application_id: bytes
    message: Message


class References:
    """Finds messages and endpoints of a tenant. Raises `JournalUnavailable`."""

    def __init__(
        self,
        directory: ApplicationDirectory,
        journal: MessageJournal,
        ask_dispatcher: ServiceQuery,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._ask_dispatcher = ask_dispatcher

    async def message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> OwnedMessage | Problem:
        """The message with this id or eventId."""
        application = await self._directory.find(tenant_id, application_ref)
        if isinstance(application, Problem):
            return application
        message = await self._journal.find(application.id, message_ref, with_content=False)
        if message is None:
            return message_not_found(message_ref)
        return OwnedMessage(application.id, message)

    async def endpoint(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> EndpointSaved | Problem:
        """The endpoint with this id or uid, as the dispatcher has it."""
        question = GetEndpoint(
            tenant_id=tenant_id, application_ref=application_ref, ref=endpoint_ref
        )
        return await self._ask_dispatcher(question, EndpointSaved)

    async def endpoint_id(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> bytes | Problem:
        """The id of an endpoint that belongs to the tenant."""
        found = await self.endpoint(tenant_id, application_ref, endpoint_ref)
        return found if isinstance(found, Problem) else found.endpoint.id

    async def endpoint_id_of_message(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> bytes | Problem:
        """The id of an endpoint, for a question about one of the tenant's own messages.

        An id is taken as it is, without a query: another tenant's endpoint has no attempt and no
        delivery of this message, so the answer is empty.
        """
        endpoint_id = parse_id(ENDPOINT, endpoint_ref)
        if endpoint_id is not None:
            return endpoint_id
        return await self.endpoint_id(tenant_id, application_ref, endpoint_ref)


def message_not_found(ref: str) -> Problem:
    """The problem of a reference that names no message of the application."""
    return Problem(
        code=ProblemCode.NOT_FOUND,
        detail=f"There is no message {ref} in this application. Give its id or its eventId.",
        field="msg_id",
    )
