"""Read the attempts of a message or an endpoint."""

from angarium_contracts.attempts import (
    AttemptFilter,
    AttemptFound,
    AttemptHeadersFound,
    Attempts,
    GetAttempt,
    GetAttemptHeaders,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
)
from angarium_contracts.configuration import EndpointSaved
from angarium_contracts.ids import ATTEMPT, parse_id
from angarium_contracts.queries import Page, Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery

from .messages import MessageFilter
from .references import References


class ReadAttempts:
    """Attempts of a tenant's own messages and endpoints. Raises `JournalUnavailable`."""

    def __init__(self, references: References, ask_worker: ServiceQuery) -> None:
        self._references = references
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
        """Attempts of one message, newest first; none when the message does not match
        `messages`."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        if not messages.matches(owned.message):
            return Attempts(items=(), done=True)
        endpoint_id: bytes | None = None
        if endpoint_ref is not None:
            found = await self._references.endpoint_id_of_message(
                tenant_id, application_ref, endpoint_ref
            )
            if isinstance(found, Problem):
                return found
            endpoint_id = found
        question = ListAttemptsByMessage(
            message_id=owned.message.id, page=page, filter=attempts, endpoint_id=endpoint_id
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
        endpoint = await self._references.endpoint(tenant_id, application_ref, endpoint_ref)
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
        key = await self._key(tenant_id, application_ref, message_ref, attempt_ref)
        if isinstance(key, Problem):
            return key
        return await self._ask_worker(GetAttempt(*key), AttemptFound)

    async def headers(
        self, tenant_id: bytes, application_ref: str, message_ref: str, attempt_ref: str
    ) -> AttemptHeadersFound | Problem:
        """The headers of one attempt of a message."""
        key = await self._key(tenant_id, application_ref, message_ref, attempt_ref)
        if isinstance(key, Problem):
            return key
        return await self._ask_worker(GetAttemptHeaders(*key), AttemptHeadersFound)

    async def _key(
        self, tenant_id: bytes, application_ref: str, message_ref: str, attempt_ref: str
    ) -> tuple[bytes, bytes] | Problem:
        """The ids of a message of the tenant and of an attempt."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        attempt_id = parse_id(ATTEMPT, attempt_ref)
        if attempt_id is None:
            return attempt_not_found(attempt_ref)
        return owned.message.id, attempt_id


def attempt_not_found(ref: str) -> Problem:
    """The problem of a reference that names no attempt."""
    return Problem(
        code=ProblemCode.NOT_FOUND,
        detail=f"There is no attempt `{ref}`. List the attempts of the message.",
        field="attempt_id",
    )
