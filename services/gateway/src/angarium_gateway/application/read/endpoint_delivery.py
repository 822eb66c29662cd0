"""Reading how an endpoint is delivered to. The worker does not know who owns it; that is checked
here first."""

from datetime import datetime

from angarium_contracts.configuration import EndpointSaved, GetEndpoint
from angarium_contracts.deliveries import (
    EndpointDeliveryState,
    EndpointStats,
    GetEndpointDeliveryState,
    GetEndpointStats,
)
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery


class ReadEndpointDelivery:
    """Statistics and states of a tenant's own endpoints."""

    def __init__(self, *, ask_dispatcher: ServiceQuery, ask_worker: ServiceQuery) -> None:
        self._ask_dispatcher = ask_dispatcher
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
        """What became of the endpoint's deliveries."""
        endpoint_id = await self._endpoint_id(tenant_id, application_ref, ref)
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        question = GetEndpointStats(endpoint_id=endpoint_id, since=since, until=until)
        return await self._ask_worker(question, EndpointStats)

    async def state(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> EndpointDeliveryState | Problem:
        """How the endpoint is being delivered to at this moment."""
        endpoint_id = await self._endpoint_id(tenant_id, application_ref, ref)
        if isinstance(endpoint_id, Problem):
            return endpoint_id
        question = GetEndpointDeliveryState(endpoint_id=endpoint_id)
        return await self._ask_worker(question, EndpointDeliveryState)

    async def _endpoint_id(
        self, tenant_id: bytes, application_ref: str, ref: str
    ) -> bytes | Problem:
        question = GetEndpoint(tenant_id=tenant_id, application_ref=application_ref, ref=ref)
        found = await self._ask_dispatcher(question, EndpointSaved)
        return found if isinstance(found, Problem) else found.endpoint.id
