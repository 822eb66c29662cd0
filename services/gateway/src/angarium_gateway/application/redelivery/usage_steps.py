"""The steps of the background tasks that sum up usage: each looks at a few applications.

The result so far is recorded with the progress, so that another gateway can go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from angarium_contracts.configuration import (
    Application,
    Applications,
    Endpoint,
    Endpoints,
    ListApplications,
    ListEndpoints,
)
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_contracts.statistics import DeliverySums, SumDeliveries

from angarium_gateway.application.configuration.application_directory import ApplicationCopy
from angarium_gateway.application.read.statistics import kept_resolution, start_of_period
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskProgress

from .task_steps import Stepped

APPLICATIONS_PER_STEP: Final = 25
ITEMS_MAX: Final = 10_000
"""Applications in one result."""
ENDPOINTS_PER_PAGE: Final = 250
PAGES_MAX: Final = 100


class UsageResult(msgspec.Struct, frozen=True):
    """The result so far. `iterator` continues the list of applications."""

    items: tuple[dict[str, Any], ...] = ()
    iterator: str | None = None


_decoder = msgspec.json.Decoder(UsageResult)


def result_of(progress: TaskProgress) -> UsageResult:
    """The result that a task's progress has."""
    return UsageResult() if progress.result is None else _decoder.decode(progress.result)


class ApplicationUsage:
    """Counts the deliveries of each application that began in the task's time."""

    def __init__(
        self,
        applications: ApplicationCopy,
        ask_worker: ServiceQuery,
        *,
        now: Callable[[], datetime],
        hours_kept_days: int,
    ) -> None:
        self._applications = applications
        self._ask_worker = ask_worker
        self._now = now
        self._hours_kept_days = hours_kept_days

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """See `Step`."""
        of, before = task.arguments, task.progress
        resolution = kept_resolution(of.since, self._now(), self._hours_kept_days)
        question = SumDeliveries(
            tenant_id=task.tenant_id,
            resolution=int(resolution),
            since=start_of_period(of.since, resolution),
            until=of.until,
            application_ids=of.application_ids,
            without_application_id=operational_application_id(task.tenant_id),
            after=before.cursor,
            limit=APPLICATIONS_PER_STEP,
        )
        sums = await self._ask_worker(question, DeliverySums)
        if isinstance(sums, Problem):
            return sums
        items = [
            await self._item(task.tenant_id, each.application_id, each.numbers[0])
            for each in sums.items
        ]
        cursor = sums.items[-1].application_id if sums.items else before.cursor
        return _further(replace(before, cursor=cursor), items, None, done=sums.done)

    async def _item(self, tenant_id: bytes, application_id: bytes, count: int) -> dict[str, Any]:
        known = await self._applications.find(tenant_id, application_id, "")
        return {
            "appId": format_id(APPLICATION, application_id),
            "appUid": None if known is None else known.uid,
            "messageDestinations": count,
        }


class EventTypeUsage:
    """Collects the event types that the endpoints of each application subscribe to."""

    def __init__(self, ask_dispatcher: ServiceQuery) -> None:
        self._ask_dispatcher = ask_dispatcher

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """See `Step`."""
        before = task.progress
        page = Page(limit=APPLICATIONS_PER_STEP, iterator=result_of(before).iterator)
        found = await self._ask_dispatcher(ListApplications(task.tenant_id, page), Applications)
        if isinstance(found, Problem):
            return found
        items = []
        for application in found.items:
            endpoints = await self._endpoints(task.tenant_id, application)
            if isinstance(endpoints, Problem):
                return endpoints
            items.append(_subscriptions(application, endpoints))
        return _further(before, items, found.iterator, done=found.done)

    async def _endpoints(
        self, tenant_id: bytes, application: Application
    ) -> Sequence[Endpoint] | Problem:
        """All endpoints; none when the application was deleted meanwhile."""
        endpoints: list[Endpoint] = []
        iterator = None
        for _ in range(PAGES_MAX):
            question = ListEndpoints(
                tenant_id=tenant_id,
                application_ref=format_id(APPLICATION, application.id),
                page=Page(limit=ENDPOINTS_PER_PAGE, iterator=iterator),
            )
            match await self._ask_dispatcher(question, Endpoints):
                case Problem(code=ProblemCode.NOT_FOUND):
                    return []
                case Problem() as problem:
                    return problem
                case page:
                    endpoints += page.items
                    iterator = page.iterator
                    if page.done:
                        break
        return endpoints


def _subscriptions(application: Application, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    named = {name for endpoint in endpoints for name in endpoint.event_types or ()}
    return {
        "appId": format_id(APPLICATION, application.id),
        "explicitlySubscribedEventTypes": sorted(named),
        "hasCatchAllEndpoint": any(endpoint.event_types is None for endpoint in endpoints),
    }


def _further(
    before: TaskProgress, items: Sequence[dict[str, Any]], iterator: str | None, *, done: bool
) -> Stepped | Problem:
    all_items = (*result_of(before).items, *items)
    if len(all_items) > ITEMS_MAX:
        return Problem(
            code=ProblemCode.INVALID,
            detail=f"The result has more than {ITEMS_MAX:,} applications. Name those that matter in"
            " `appIds`.",
        )
    result = msgspec.json.encode(UsageResult(all_items, iterator)).decode()
    return Stepped(replace(before, looked=before.looked + len(items), result=result), done)
