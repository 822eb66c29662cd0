"""Queries to the dispatcher: endpoints that the copy lacks, and disabling one."""

from collections.abc import Sequence
from datetime import datetime

from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Reader
from angarium_contracts.directory import EndpointState, EndpointStates, GetEndpointStates
from angarium_contracts.endpoint_options import DisableEndpoint
from angarium_contracts.queries import Done, Problem
from angarium_contracts.stream_names import DISPATCHER_QUERIES

from angarium_worker.application.endpoints.endpoint_owner import GoneEndpoint

_answers = Reader(EndpointStates)
_done = Reader(Done)


class DispatcherEndpoints:
    """Implements `EndpointOwner`."""

    def __init__(self, queries: QueryClient) -> None:
        self._queries = queries

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        """See `EndpointOwner`."""
        question = GetEndpointStates(endpoint_ids=tuple(endpoint_ids))
        match await self._queries.ask(DISPATCHER_QUERIES, question, _answers):
            case Problem():
                return None
            case states:
                return list(states.endpoints)

    async def disable(
        self, gone: GoneEndpoint, reason: str, failing_since: datetime | None = None
    ) -> bool:
        """See `EndpointOwner`."""
        command = DisableEndpoint(
            tenant_id=gone.tenant_id,
            application_id=gone.application_id,
            endpoint_id=gone.endpoint_id,
            version=gone.version,
            reason=reason,
            failing_since=failing_since,
        )
        answer = await self._queries.ask(DISPATCHER_QUERIES, command, _done)
        return isinstance(answer, Done)
