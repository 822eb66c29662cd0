"""Poll an endpoint's messages: the worker has their order, the journal their content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from angarium_contracts.configuration import Endpoint
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.polling import (
    FIRST_POSITION,
    POLL_URL,
    ConsumerPage,
    ConsumerPosition,
    Consumers,
    ForgetConsumer,
    ListConsumers,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    PolledDelivery,
    SeekConsumer,
)
from angarium_contracts.queries import Done, Problem, ProblemCode

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.poll_iterators import (
    PollPosition,
    PollScope,
    parse_poll_iterator,
    poll_iterator,
)

from .deliveries import DeliveredJournal
from .messages import Message
from .references import References

PAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Payload bytes after which a page ends; one message is in it in any case."""


class PolledJournal(DeliveredJournal, Protocol):
    """The journal, with a query for the sizes of payloads."""

    async def payload_sizes(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, int]:
        """The payload bytes of those messages that belong to the application."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A request for a page: at most `limit` messages after `iterator`, from `after` on, with this
    event type and channel."""

    limit: int
    iterator: str | None = None
    event_type: str | None = None
    channel: str | None = None
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class PolledPage:
    """Messages in the order in which they became available. Not `done`: there are more now."""

    messages: Sequence[Message]
    iterator: str
    done: bool


@dataclass(frozen=True, slots=True)
class PollingConsumer:
    """A consumer, and how many messages it has not confirmed. `iterator`: its position."""

    name: str
    iterator: str
    behind: int
    waiting_since: datetime | None
    updated_at: datetime


class PollMessages:
    """Polls a tenant's own endpoints. Raises `JournalUnavailable`."""

    def __init__(
        self,
        references: References,
        journal: PolledJournal,
        ask_worker: ServiceQuery,
        *,
        page_bytes_max: int = PAGE_BYTES_MAX,
    ) -> None:
        self._references = references
        self._journal = journal
        self._ask_worker = ask_worker
        self._page_bytes_max = page_bytes_max

    async def poll(
        self, tenant_id: bytes, application_ref: str, ref: str, poll: Poll
    ) -> PolledPage | Problem:
        """A page from a position that the client stores."""
        endpoint = await self._endpoint(tenant_id, application_ref, ref)
        if isinstance(endpoint, Problem):
            return endpoint
        scope = PollScope(endpoint.id)
        position = _position(scope, poll.iterator)
        if isinstance(position, Problem):
            return position
        after = FIRST_POSITION if position is None else position.position
        if poll.after is not None:
            after = max(after, _position_at(poll.after))
        question = PollDeliveries(endpoint.id, after, poll.limit, poll.event_type, poll.channel)
        page = await self._ask_worker(question, PolledDeliveries)
        if isinstance(page, Problem):
            return page
        return await self._with_content(endpoint, page, scope, 0)

    async def poll_as(
        self, tenant_id: bytes, application_ref: str, ref: str, consumer: str, poll: Poll
    ) -> PolledPage | Problem:
        """A page from the consumer's stored position, which `iterator` moves first."""
        endpoint = await self._endpoint(tenant_id, application_ref, ref)
        if isinstance(endpoint, Problem):
            return endpoint
        scope = PollScope(endpoint.id, consumer)
        confirmed = _position(scope, poll.iterator)
        if isinstance(confirmed, Problem):
            return confirmed
        question = PollAsConsumer(endpoint.id, consumer, poll.limit)
        if confirmed is not None:
            question = PollAsConsumer(
                endpoint.id, consumer, poll.limit, confirmed.position, confirmed.generation
            )
        page = await self._ask_worker(question, ConsumerPage)
        if isinstance(page, Problem):
            return page
        read = PolledDeliveries(page.items, page.upto, page.done)
        return await self._with_content(endpoint, read, scope, page.generation)

    async def seek(
        self, tenant_id: bytes, application_ref: str, ref: str, consumer: str, after: datetime
    ) -> str | Problem:
        """Move the consumer's position to a time; the iterator of that position."""
        endpoint = await self._endpoint(tenant_id, application_ref, ref)
        if isinstance(endpoint, Problem):
            return endpoint
        command = SeekConsumer(endpoint.id, consumer, _position_at(after))
        stored = await self._ask_worker(command, ConsumerPosition)
        if isinstance(stored, Problem):
            return stored
        at = PollPosition(stored.position, stored.generation)
        return poll_iterator(PollScope(endpoint.id, consumer), at)

    async def consumers(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> list[PollingConsumer] | Problem:
        """The endpoint's consumers, by name."""
        endpoint = await self._endpoint(tenant_id, application_ref, ref)
        if isinstance(endpoint, Problem):
            return endpoint
        found = await self._ask_worker(ListConsumers(endpoint.id), Consumers)
        if isinstance(found, Problem):
            return found
        return [
            PollingConsumer(
                each.name,
                poll_iterator(
                    PollScope(endpoint.id, each.name), PollPosition(each.position, each.generation)
                ),
                each.behind,
                each.waiting_since,
                each.updated_at,
            )
            for each in found.consumers
        ]

    async def forget(
        self, tenant_id: bytes, application_ref: str, ref: str, consumer: str
    ) -> Problem | None:
        """Delete a consumer's position; None once it is deleted."""
        endpoint = await self._endpoint(tenant_id, application_ref, ref)
        if isinstance(endpoint, Problem):
            return endpoint
        done = await self._ask_worker(ForgetConsumer(endpoint.id, consumer), Done)
        return done if isinstance(done, Problem) else None

    async def _endpoint(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> Endpoint | Problem:
        found = await self._references.endpoint(tenant_id, application_ref, ref)
        if isinstance(found, Problem):
            return found
        if found.endpoint.url == POLL_URL:
            return found.endpoint
        return Problem(
            ProblemCode.NOT_FOUND,
            f"The endpoint `{ref}` is not polled: its messages are sent to its URL. Create an"
            f" endpoint with the URL `{POLL_URL}` to poll messages.",
        )

    async def _with_content(
        self, endpoint: Endpoint, page: PolledDeliveries, scope: PollScope, generation: int
    ) -> PolledPage:
        items, upto, done = await self._within_bytes(endpoint.application_id, page)
        ids = list({each.message_id for each in items})
        found = await self._journal.find_many(endpoint.application_id, ids, with_content=True)
        return PolledPage(
            # A message that is gone from the journal has passed its retention.
            [found[each.message_id] for each in items if each.message_id in found],
            poll_iterator(scope, PollPosition(upto, generation)),
            done,
        )

    async def _within_bytes(
        self, application_id: bytes, page: PolledDeliveries
    ) -> tuple[Sequence[PolledDelivery], bytes, bool]:
        """The items that fit into a page, the position up to them, and whether the page is done."""
        ids = list({each.message_id for each in page.items})
        sizes = await self._journal.payload_sizes(application_id, ids)
        total = 0
        for place, each in enumerate(page.items):
            total += sizes.get(each.message_id, 0)
            if place and total > self._page_bytes_max:
                return page.items[:place], page.items[place - 1].position, False
        return page.items, page.upto, page.done


def _position(scope: PollScope, iterator: str | None) -> PollPosition | Problem | None:
    if iterator is None:
        return None
    position = parse_poll_iterator(scope, iterator)
    if position is not None:
        return position
    whose = "endpoint" if scope.consumer is None else "consumer"
    return Problem(
        ProblemCode.INVALID,
        f"This is no iterator of this {whose}. Pass one from an earlier answer, or leave it out.",
        field="iterator",
    )


def _position_at(at: datetime) -> bytes:
    """The position before everything that became available at or after a time (a millisecond)."""
    return lowest_id_at(int(at.timestamp() * 1_000))
