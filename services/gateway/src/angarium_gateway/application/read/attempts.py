"""Reading attempts. The worker does not know who owns what; that is checked here first."""

from angarium_contracts.attempts import (
    AttemptFilter,
    AttemptFound,
    Attempts,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
)
from angarium_contracts.configuration import EndpointSaved, GetEndpoint
from angarium_contracts.ids import ATTEMPT, ENDPOINT, parse_id
from angarium_contracts.queries import Page, Problem, ProblemCode

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.service_query import ServiceQuery

from .messages import Message, MessageFilter, MessageJournal


class ReadAttempts:
    """Attempts of a tenant's own messages and endpoints."""

    def __init__(
        self,
        *,
        directory: ApplicationDirectory,
        journal: MessageJournal,
        ask_dispatcher: ServiceQuery,
        ask_worker: ServiceQuery,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker

    async def of_message(
        self,
        tenant_id: bytes,
        application_ref: str,
        message_ref: str,
        page: Page,
        attempts: AttemptFilter,
        messages: MessageFilter,
        endpoint_ref: str | None,
    ) -> Attempts | Problem:
        """Attempts of one message, newest first; none when it is not one of `messages`."""
        message = await self._message(tenant_id, application_ref, message_ref)
        if isinstance(message, Problem):
            return message
        if not messages.matches(message):
            return Attempts(items=(), done=True)
        endpoint_id: bytes | None = None
        if endpoint_ref is not None:
            found = await self._endpoint_id(tenant_id, application_ref, endpoint_ref)
            if isinstance(found, Problem):
                return found
            endpoint_id = found
        question = ListAttemptsByMessage(
            message_id=message.id, page=page, filter=attempts, endpoint_id=endpoint_id
        )
        return await self._ask_worker(question, Attempts)

    async def of_endpoint(
        self,
        tenant_id: bytes,
        application_ref: str,
        endpoint_ref: str,
        page: Page,
        attempts: AttemptFilter,
    ) -> tuple[EndpointSaved, Attempts] | Problem:
        """The endpoint and its attempts, newest first."""
        endpoint = await self._ask_dispatcher(
            GetEndpoint(tenant_id=tenant_id, application_ref=application_ref, ref=endpoint_ref),
            EndpointSaved,
        )
        if isinstance(endpoint, Problem):
            return endpoint
        question = ListAttemptsByEndpoint(
            endpoint_id=endpoint.endpoint.id, page=page, filter=attempts
        )
        found = await self._ask_worker(question, Attempts)
        return found if isinstance(found, Problem) else (endpoint, found)

    async def one(
        self, tenant_id: bytes, application_ref: str, message_ref: str, attempt_ref: str
    ) -> AttemptFound | Problem:
        """One attempt of a message."""
        message = await self._message(tenant_id, application_ref, message_ref)
        if isinstance(message, Problem):
            return message
        attempt_id = parse_id(ATTEMPT, attempt_ref)
        if attempt_id is None:
            return Problem(
                code=ProblemCode.NOT_FOUND,
                detail=f"there is no attempt {attempt_ref}; list the message's attempts",
                field="attempt_id",
            )
        question = GetAttempt(message_id=message.id, attempt_id=attempt_id)
        return await self._ask_worker(question, AttemptFound)

    async def _message(
        self, tenant_id: bytes, application_ref: str, message_ref: str
    ) -> Message | Problem:
        application = await self._directory.find(tenant_id, application_ref)
        if isinstance(application, Problem):
            return application
        message = await self._journal.find(application.id, message_ref, with_content=False)
        return no_message(message_ref) if message is None else message

    async def _endpoint_id(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str
    ) -> bytes | Problem:
        # Of a foreign endpoint this message has no attempts, so an id need not be looked up.
        endpoint_id = parse_id(ENDPOINT, endpoint_ref)
        if endpoint_id is not None:
            return endpoint_id
        endpoint = await self._ask_dispatcher(
            GetEndpoint(tenant_id=tenant_id, application_ref=application_ref, ref=endpoint_ref),
            EndpointSaved,
        )
        return endpoint if isinstance(endpoint, Problem) else endpoint.endpoint.id


def no_message(ref: str) -> Problem:
    """There is no such message."""
    return Problem(
        code=ProblemCode.NOT_FOUND,
        detail=f"there is no message {ref} in this application; give its id or its eventId",
        field="msg_id",
    )
