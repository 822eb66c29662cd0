"""Asking the dispatcher for endpoints that the copy lacks."""

from collections.abc import Sequence

from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Reader
from angarium_contracts.directory import EndpointState, EndpointStates, GetEndpointStates
from angarium_contracts.queries import Problem
from angarium_contracts.stream_names import DISPATCHER_QUERIES

_answers = Reader(EndpointStates)


class DispatcherEndpoints:
    """Implements `EndpointSource`."""

    def __init__(self, queries: QueryClient) -> None:
        self._queries = queries

    async def current(self, endpoint_ids: Sequence[bytes]) -> list[EndpointState] | None:
        """See `EndpointSource`."""
        question = GetEndpointStates(endpoint_ids=tuple(endpoint_ids))
        match await self._queries.ask(DISPATCHER_QUERIES, question, _answers):
            case Problem():
                return None
            case states:
                return list(states.endpoints)
