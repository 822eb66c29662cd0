"""Answers to the queries of other services."""

from typing import assert_never

from angarium_contracts.contract import Contract, Reader
from angarium_contracts.operational import FirstOpenMessages, OpenMessages, PostOperationalEvents
from angarium_contracts.queries import Problem, ProblemCode
from angarium_contracts.retention import ListTenantRetentions, TenantRetentions

from angarium_gateway.application.publish.message_order import OpenMessageSearch
from angarium_gateway.application.tenants.publish_operational_events import PublishOperationalEvents
from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX
from angarium_gateway.application.tenants.tenant_retention import (
    TenantRetentions as StoredRetentions,
)
from angarium_gateway.application.unavailable import JournalUnavailable

type ServiceQuestion = FirstOpenMessages | PostOperationalEvents | ListTenantRetentions

QUESTIONS: Reader[ServiceQuestion] = Reader(
    FirstOpenMessages, PostOperationalEvents, ListTenantRetentions
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
    ) -> None:
        self._search = search
        self._tell = tell
        self._retentions = retentions

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
                    first_open = tuple(await self._search.first_open(ranges))
                    return OpenMessages(message_ids=first_open, newest=newest)
                case PostOperationalEvents(events):
                    if len(events) > ITEMS_MAX:
                        return _too_many("events")
                    return await self._tell(events)
                case ListTenantRetentions(after):
                    page = tuple(await self._retentions.page(after))
                    return TenantRetentions(items=page, done=len(page) < PAGE_MAX)
                case _:
                    assert_never(question)
        except JournalUnavailable:
            return Problem(
                code=ProblemCode.UNAVAILABLE, detail="The database is not reachable. Try again."
            )


def _too_many(field: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID, detail=f"Query at most {ITEMS_MAX} at once.", field=field
    )
