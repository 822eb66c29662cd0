"""Answers to the queries of other services."""

from collections.abc import Sequence
from typing import assert_never

from angarium_contracts.contract import Contract, Reader
from angarium_contracts.operational import (
    ENDPOINT_RESUMED,
    FirstOpenMessages,
    OpenMessages,
    OperationalEvent,
    OrderRange,
    PostOperationalEvents,
)
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.retention import (
    LegalHolds,
    ListLegalHolds,
    ListTenantRetentions,
    TenantRetentions,
)

from angarium_gateway.application.legal_holds import LegalHolds as StoredHolds
from angarium_gateway.application.publish.message_order import OpenMessageSearch
from angarium_gateway.application.redelivery.background_tasks import KeptPositions
from angarium_gateway.application.redelivery.resume_endpoint import ResumeEndpoint
from angarium_gateway.application.tenants.publish_operational_events import PublishOperationalEvents
from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX
from angarium_gateway.application.tenants.tenant_retention import (
    TenantRetentions as StoredRetentions,
)
from angarium_gateway.application.unavailable import JournalUnavailable

type ServiceQuestion = (
    FirstOpenMessages | PostOperationalEvents | ListTenantRetentions | ListLegalHolds
)

QUESTIONS: Reader[ServiceQuestion] = Reader(
    FirstOpenMessages, PostOperationalEvents, ListTenantRetentions, ListLegalHolds
)
ITEMS_MAX = 100
"""Ranges or events in one query (see their contracts)."""


class ServiceAnswers:
    """Answers queries and commands of dispatchers and workers."""

    def __init__(
        self,
        search: OpenMessageSearch,
        tell: PublishOperationalEvents,
        retentions: StoredRetentions,
        resume: ResumeEndpoint,
        kept: KeptPositions,
        holds: StoredHolds,
    ) -> None:
        self._search = search
        self._tell = tell
        self._retentions = retentions
        self._resume = resume
        self._kept = kept
        self._holds = holds

    async def answer(self, question: ServiceQuestion) -> Contract:
        """The answer, or a `Problem`."""
        try:
            match question:
                case FirstOpenMessages(ranges):
                    if len(ranges) > ITEMS_MAX:
                        return _too_many("ranges")
                    # The newest first: what is committed between the two looks is then seen open,
                    # or is newer.
                    newest = tuple(await self._search.newest(ranges))
                    first_open = await self._search.first_open(ranges)
                    first_open = await self._with_kept(ranges, first_open)
                    return OpenMessages(message_ids=tuple(first_open), newest=newest)
                case PostOperationalEvents(events):
                    if len(events) > ITEMS_MAX:
                        return _too_many("events")
                    return await self._report(events)
                case ListTenantRetentions(after):
                    page = tuple(await self._retentions.page(after))
                    return TenantRetentions(items=page, done=len(page) < PAGE_MAX)
                case ListLegalHolds(after_hold):
                    holds = tuple(await self._holds.page(after_hold))
                    return LegalHolds(items=holds, done=len(holds) < PAGE_MAX)
                case _:
                    assert_never(question)
        except JournalUnavailable:
            return Problem(
                code=ProblemCode.UNAVAILABLE, detail="The database is not reachable. Try again."
            )

    async def _with_kept(
        self, ranges: Sequence[OrderRange], first_open: Sequence[bytes | None]
    ) -> Sequence[bytes | None]:
        """The first open messages, or those that kept messages still come before."""
        endpoint_ids = {each.endpoint_id for each in ranges if each.endpoint_id is not None}
        if not endpoint_ids:
            return first_open
        positions = await self._kept.kept_positions(endpoint_ids)
        return [
            _earlier(each, found, positions.get(each.endpoint_id or b""))
            for each, found in zip(ranges, first_open, strict=True)
        ]

    async def _report(self, events: Sequence[OperationalEvent]) -> Contract:
        for event in events:
            if event.type == ENDPOINT_RESUMED:
                problem = await self._resume(event)
                if problem is not None:
                    return problem
        return await self._tell([event for event in events if event.type != ENDPOINT_RESUMED])


def _earlier(within: OrderRange, first_open: bytes | None, position: bytes | None) -> bytes | None:
    if position is None:
        return first_open
    following = (int.from_bytes(max(position, within.after)) + 1).to_bytes(16)
    return following if first_open is None else min(first_open, following)


def _too_many(field: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID, detail=f"Query at most {ITEMS_MAX} at once.", field=field
    )
