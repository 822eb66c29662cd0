"""Read the delivery statistics and the delivery state of an endpoint."""

from datetime import datetime

from angarium_contracts.deliveries import (
    EndpointDeliveryState,
    EndpointStats,
    GetEndpointDeliveryState,
    GetEndpointStats,
)
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery

from .references import References


class ReadEndpointDelivery:
    """Statistics and states of a tenant's own endpoints."""

    def __init__(self, references: References, ask_worker: ServiceQuery) -> None:
        self._references = references
        self._ask_worker = ask_worker

    async def stats(
        self,
        tenant_id: bytes,
        application_ref: str,
        ref: str,
        *,
        since: datetime | None,
        until: datetime | None,
    ) -> EndpointStats | Problem:
        """Counts of the endpoint's deliveries by their outcome."""
        endpoint_id = await self._references.endpoint_id(tenant_id, application_ref, ref)
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        question = GetEndpointStats(endpoint_id=endpoint_id, since=since, until=until)
        return await self._ask_worker(question, EndpointStats)

    async def state(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> EndpointDeliveryState | Problem:
        """The endpoint's circuit breaker and backlog at this moment."""
        endpoint_id = await self._references.endpoint_id(tenant_id, application_ref, ref)
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        question = GetEndpointDeliveryState(endpoint_id=endpoint_id)
        return await self._ask_worker(question, EndpointDeliveryState)
