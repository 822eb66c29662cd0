"""Read the deliveries of a message, or the messages of an endpoint with their deliveries.

The journal holds the messages, the dispatcher the endpoints, and the worker the deliveries.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from angarium_contracts.configuration import Endpoint
from angarium_contracts.deliveries import (
    Deliveries,
    Delivery,
    DeliveryStatus,
    EndpointsFound,
    FindDeliveries,
    GetEndpoints,
    ListMessageDeliveries,
)
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery

from .messages import (
    Message,
    MessageFilter,
    MessageJournal,
    MessageWindow,
)
from .references import References

MESSAGES_PER_STEP = 250
STEPS_MAX = 20
"""Steps of 250 messages: one page examines the deliveries of at most 5,000."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A delivery of a message, and its endpoint. Of a `deleted` endpoint only the id and the times
    are known; None when nothing is."""

    delivery: Delivery
    endpoint: Endpoint | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class DestinationPage:
    """Deliveries of one message, in the order of their endpoints."""

    items: Sequence[Destination]
    done: bool


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    """A message, and its delivery to one endpoint."""

    message: Message
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class DeliveredMessagePage:
    """Messages, newest first. `oldest`, `newest`, `done` and short pages are as in
    `MessagePage`."""

    items: Sequence[DeliveredMessage]
    done: bool
    oldest: bytes | None
    newest: bytes | None


class DeliveredJournal(MessageJournal, Protocol):
    """The journal, with a separate query for payloads."""

    async def payloads(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, bytes]:
        """The JSON texts of those messages that belong to the application."""


class ReadDeliveries:
    """Deliveries of a tenant's own messages and endpoints. Raises `JournalUnavailable`."""

    def __init__(
        self,
        *,
        references: References,
        journal: DeliveredJournal,
        ask_dispatcher: ServiceQuery,
        ask_worker: ServiceQuery,
    ) -> None:
        self._references = references
        self._journal = journal
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker

    async def of_message(
        self, tenant_id: bytes, application_ref: str, message_ref: str, window: MessageWindow
    ) -> DestinationPage | Problem:
        """A page of the endpoints that have a delivery of the message. `window.past` is an
        endpoint; newer endpoints follow it."""
        owned = await self._references.message(tenant_id, application_ref, message_ref)
        if isinstance(owned, Problem):
            return owned
        found = await self._ask_worker(
            ListMessageDeliveries(owned.message.id, window.limit, window.past, window.backwards),
            Deliveries,
        )
        if isinstance(found, Problem):
            return found
        if not found.items:
            return DestinationPage((), found.done)
        endpoints = await self._ask_dispatcher(
            GetEndpoints(
                tenant_id, owned.application_id, tuple([each.endpoint_id for each in found.items])
            ),
            EndpointsFound,
        )
        if isinstance(endpoints, Problem):
            return endpoints
        return DestinationPage(_joined(found.items, endpoints), found.done)

    async def of_endpoint(
        self,
        tenant_id: bytes,
        application_ref: str,
        endpoint_ref: str,
        window: MessageWindow,
        messages: MessageFilter,
        statuses: Collection[DeliveryStatus] | None,
        *,
        with_content: bool,
    ) -> DeliveredMessagePage | Problem:
        """A page of the messages that have a delivery to the endpoint, with one of `statuses`
        (None: any)."""
        endpoint = await self._references.endpoint(tenant_id, application_ref, endpoint_ref)
        if isinstance(endpoint, Problem):
            return endpoint
        walk = _Walk(
            self._journal,
            self._ask_worker,
            application_id=endpoint.endpoint.application_id,
            endpoint_id=endpoint.endpoint.id,
            messages=messages,
            statuses=statuses,
        )
        page = await walk.page(window)
        if isinstance(page, Problem) or not with_content:
            return page
        return await self._with_payloads(endpoint.endpoint.application_id, page)

    async def _with_payloads(
        self, application_id: bytes, page: DeliveredMessagePage
    ) -> DeliveredMessagePage:
        ids = [item.message.id for item in page.items]
        payloads = await self._journal.payloads(application_id, ids)
        items = [
            replace(item, message=replace(item.message, payload=payloads.get(item.message.id)))
            for item in page.items
        ]
        return replace(page, items=items)


class _Walk:
    """Searches the journal step by step for messages with a delivery to an endpoint.

    The worker has no index of an endpoint's deliveries by message, because every attempt would pay
    for it. Instead the journal gives messages in order, and the worker finds each by its key.
    """

    def __init__(
        self,
        journal: MessageJournal,
        ask_worker: ServiceQuery,
        *,
        application_id: bytes,
        endpoint_id: bytes,
        messages: MessageFilter,
        statuses: Collection[DeliveryStatus] | None,
    ) -> None:
        self._journal = journal
        self._ask_worker = ask_worker
        self._application_id = application_id
        self._endpoint_id = endpoint_id
        self._messages = messages
        self._statuses = statuses

    async def page(self, window: MessageWindow) -> DeliveredMessagePage | Problem:
        """The messages of the window that are found within `STEPS_MAX` steps."""
        found: list[DeliveredMessage] = []
        end, done = window.past, False
        step = MessageWindow(window.limit, window.past, window.backwards)
        for _ in range(STEPS_MAX):
            page = await self._journal.page(
                self._application_id, step, self._messages, with_content=False
            )
            some = await self._delivered(page.items, backwards=window.backwards)
            if isinstance(some, Problem):
                return some
            found += some
            end, done = page.newest if window.backwards else page.oldest, page.done
            # A short page: the journal has examined as many messages as it does for one.
            if done or len(found) >= window.limit or len(page.items) < step.limit:
                break
            step = replace(step, limit=MESSAGES_PER_STEP, past=end)
        if len(found) > window.limit:
            del found[window.limit :]
            end, done = found[-1].message.id, False
        return _as_page(found, window, end, done=done)

    async def _delivered(
        self, messages: Sequence[Message], *, backwards: bool
    ) -> list[DeliveredMessage] | Problem:
        """The messages with a matching delivery, in the direction of the search."""
        if not messages:
            return []
        question = FindDeliveries(self._endpoint_id, tuple([each.id for each in messages]))
        answer = await self._ask_worker(question, Deliveries)
        if isinstance(answer, Problem):
            return answer
        by_message = {
            each.message_id: each
            for each in answer.items
            if self._statuses is None or each.status in self._statuses
        }
        return [
            DeliveredMessage(each, by_message[each.id])
            for each in (reversed(messages) if backwards else messages)
            if each.id in by_message
        ]


def _as_page(
    found: list[DeliveredMessage], window: MessageWindow, end: bytes | None, *, done: bool
) -> DeliveredMessagePage:
    """The page of what was found. `end` is the last message examined."""
    begin = found[0].message.id if found else window.past
    if window.backwards:
        return DeliveredMessagePage(found[::-1], done, oldest=begin, newest=end)
    return DeliveredMessagePage(found, done, oldest=end, newest=begin)


def _joined(deliveries: Sequence[Delivery], endpoints: EndpointsFound) -> list[Destination]:
    known = {each.id: each for each in endpoints.endpoints}
    gone = {each.id: each for each in endpoints.deleted}
    return [
        Destination(
            each,
            known.get(each.endpoint_id) or gone.get(each.endpoint_id),
            deleted=each.endpoint_id not in known,
        )
        for each in deliveries
    ]
