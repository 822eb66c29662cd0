"""What recover and replay would send, without sending it.

The messages are chosen as the steps of the tasks choose them, up to `EXAMINED_MAX` of them and for
`TIME_MAX_S`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from angarium_contracts.deliveries import (
    Deliveries,
    DeliveryStatus,
    FindDeliveries,
    FindMissingDeliveries,
    ListFailedDeliveries,
    MatchedMessages,
    MessageIds,
)
from angarium_contracts.ids import created_at_ms
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import TaskKind

from .redelivery_dispatcher import RedeliveryDispatcher
from .replayed_messages import MessageHead, MessageRange, ReplayedMessages
from .start_task import TaskRequest

EXAMINED_MAX: Final = 10_000
TIME_MAX_S: Final = 3.0
_PAGE: Final = 100
_ALREADY_WAITS: Final = frozenset({DeliveryStatus.PENDING, DeliveryStatus.SENDING})


@dataclass(slots=True)
class RedeliveryPreview:
    """Numbers of the messages that would be sent: in all, by event type, and of these those that
    were `delivered` before, or are `pending`. `expunged` ones would be left out. Not `complete`:
    more messages than were examined."""

    examined: int = 0
    messages: int = 0
    delivered: int = 0
    pending: int = 0
    expunged: int = 0
    complete: bool = False
    by_type: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, head: MessageHead) -> None:
        """Count a message that would be sent. They come in the order of their ids."""
        self.messages += 1
        self.by_type[head.event_type] += 1
        self.newest = datetime.fromtimestamp(created_at_ms(head.id) / 1_000, UTC)
        self.oldest = self.oldest or self.newest


class PreviewRedelivery:
    """Goes through the messages of a task page by page. Reads only."""

    def __init__(
        self,
        journal: ReplayedMessages,
        redelivery: RedeliveryDispatcher,
        ask_worker: ServiceQuery,
        now: Callable[[], datetime],
        clock_s: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._redelivery = redelivery
        self._ask_worker = ask_worker
        self._now = now
        self._clock_s = clock_s

    async def __call__(
        self, tenant_id: bytes, application_ref: str, endpoint_ref: str, request: TaskRequest
    ) -> RedeliveryPreview | Problem:
        """The preview. The problem is a CONFLICT when the endpoint is disabled, as it is for the
        task itself. Raises `JournalUnavailable`."""
        matched = await self._redelivery.match(
            tenant_id, application_ref, endpoint_ref, [], ignore_filters=True
        )
        if isinstance(matched, Problem):
            return matched
        found, after = RedeliveryPreview(), None
        ends_at_s = self._clock_s() + TIME_MAX_S
        while found.examined < EXAMINED_MAX and self._clock_s() < ends_at_s:
            page = await self._page(tenant_id, matched, request, after)
            if isinstance(page, Problem):
                return page
            found.examined += page.examined
            wanted = [head for head in page.wanted if not head.expunged]
            found.expunged += len(page.wanted) - len(wanted)
            for head in wanted:
                found.add(head)
            problem = await self._count_earlier(matched.endpoint_id, wanted, found)
            if problem is not None:
                return problem
            if page.done:
                found.complete = True
                break
            after = page.end
        return found

    async def _page(
        self,
        tenant_id: bytes,
        matched: MatchedMessages,
        request: TaskRequest,
        after: bytes | None,
    ) -> "_Page | Problem":
        if request.kind is TaskKind.RECOVER:
            return await self._failed(matched, request, after)
        until = min(request.until or self._now(), self._now())
        within = MessageRange(matched.application_id, request.since, until, after)
        heads = await self._journal.heads_in(within, limit=_PAGE)
        asked = [head for head in heads if _is_asked_for(head, request)]
        wanted = await self._matching(tenant_id, matched, asked)
        if isinstance(wanted, Problem):
            return wanted
        if request.kind is TaskKind.REPLAY_MISSING and wanted:
            question = FindMissingDeliveries(
                endpoint_id=matched.endpoint_id,
                message_ids=tuple(head.id for head in wanted),
            )
            missing = await self._ask_worker(question, MessageIds)
            if isinstance(missing, Problem):
                return missing
            wanted = [head for head in wanted if head.id in set(missing.message_ids)]
        end = heads[-1].id if heads else after
        return _Page(wanted, len(heads), end, done=len(heads) < _PAGE)

    async def _failed(
        self, matched: MatchedMessages, request: TaskRequest, after: bytes | None
    ) -> "_Page | Problem":
        question = ListFailedDeliveries(
            endpoint_id=matched.endpoint_id,
            since=request.since,
            until=min(request.until or self._now(), self._now()),
            after=after,
            limit=_PAGE,
        )
        failed = await self._ask_worker(question, MessageIds)
        if isinstance(failed, Problem):
            return failed
        ids = failed.message_ids
        heads = await self._journal.heads(matched.application_id, ids)
        end = failed.last or (ids[-1] if ids else after)
        return _Page([heads[one] for one in ids if one in heads], len(ids), end, done=failed.done)

    async def _matching(
        self, tenant_id: bytes, matched: MatchedMessages, heads: Sequence[MessageHead]
    ) -> Sequence[MessageHead] | Problem:
        """Those that the endpoint's filters want. A filter by payload is not evaluated: these
        count as wanted."""
        if not heads:
            return heads
        answer = await self._redelivery.match(
            tenant_id, matched.application_id, matched.endpoint_id, heads, ignore_filters=False
        )
        if isinstance(answer, Problem):
            return answer
        return [head for head, wants in zip(heads, answer.wanted, strict=True) if wants]

    async def _count_earlier(
        self, endpoint_id: bytes, heads: Sequence[MessageHead], found: RedeliveryPreview
    ) -> Problem | None:
        if not heads:
            return None
        question = FindDeliveries(
            endpoint_id=endpoint_id, message_ids=tuple(head.id for head in heads)
        )
        deliveries = await self._ask_worker(question, Deliveries)
        if isinstance(deliveries, Problem):
            return deliveries
        for each in deliveries.items:
            found.delivered += each.status is DeliveryStatus.SUCCESS
            found.pending += each.status in _ALREADY_WAITS
        return None


@dataclass(frozen=True, slots=True)
class _Page:
    wanted: Sequence[MessageHead]
    examined: int
    end: bytes | None
    done: bool


def _is_asked_for(head: MessageHead, request: TaskRequest) -> bool:
    return (
        (request.event_types is None or head.event_type in request.event_types)
        and (request.channel is None or request.channel in head.channels)
        and (request.tag is None or request.tag in head.tags)
    )
