"""What is unhealthy in a tenant now, and what waits."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from angarium_contracts.configuration import (
    Application,
    ApplicationSaved,
    Endpoint,
    GetApplication,
)
from angarium_contracts.deliveries import (
    CountWaiting,
    EndpointsFound,
    FindUnhealthyEndpoints,
    GetEndpoints,
    UnhealthyEndpoint,
    UnhealthyEndpoints,
    WaitingCounted,
)
from angarium_contracts.ids import APPLICATION, format_id, operational_application_id
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery

LIMIT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class SickEndpoint:
    """An endpoint that is not well, as the worker and the dispatcher have it."""

    health: UnhealthyEndpoint
    endpoint: Endpoint
    application: Application


class ReadOverview:
    """Reads what the first page of the console shows beside statistics."""

    def __init__(self, ask_dispatcher: ServiceQuery, ask_worker: ServiceQuery) -> None:
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker

    async def waiting(self, tenant_id: bytes) -> WaitingCounted | Problem:
        """The tenant's pending deliveries."""
        return await self._ask_worker(CountWaiting(tenant_id), WaitingCounted)

    async def unhealthy(
        self, tenant_id: bytes, limit: int
    ) -> tuple[Sequence[SickEndpoint], bool] | Problem:
        """At most `limit` endpoints, the worst first, and whether there are more."""
        found = await self._ask_worker(
            FindUnhealthyEndpoints(tenant_id, LIMIT_MAX), UnhealthyEndpoints
        )
        if isinstance(found, Problem):
            return found
        worst = sorted(found.items, key=_severity)
        hidden = operational_application_id(tenant_id)
        shown = [each for each in worst if each.application_id != hidden]
        chosen = shown[:limit]
        if not chosen:
            return [], not found.done
        ids = tuple(each.endpoint_id for each in chosen)
        known = await self._ask_dispatcher(GetEndpoints(tenant_id, b"", ids), EndpointsFound)
        if isinstance(known, Problem):
            return known
        endpoints = {each.id: each for each in known.endpoints}
        applications = await self._applications(
            tenant_id, {each.application_id for each in endpoints.values()}
        )
        sick = [
            SickEndpoint(each, endpoints[each.endpoint_id], applications[each.application_id])
            for each in chosen
            # What was deleted meanwhile is gone.
            if each.endpoint_id in endpoints and each.application_id in applications
        ]
        return sick, len(shown) > limit or not found.done

    async def _applications(self, tenant_id: bytes, ids: set[bytes]) -> Mapping[bytes, Application]:
        answers = await asyncio.gather(
            *[
                self._ask_dispatcher(
                    GetApplication(tenant_id=tenant_id, ref=format_id(APPLICATION, each)),
                    ApplicationSaved,
                )
                for each in ids
            ]
        )
        saved = [each.application for each in answers if isinstance(each, ApplicationSaved)]
        return {each.id: each for each in saved}


_SEVERITY: Final = {"open": 0, "probing": 1, "recovering": 4}


def _severity(each: UnhealthyEndpoint) -> tuple[int, float]:
    """Endpoints that try and fail come before those that are off: nobody may know of them yet."""
    since = each.failing_since.timestamp() if each.failing_since else float("inf")
    if each.disabled:
        return 3, since
    return _SEVERITY.get(each.state, 2), since
