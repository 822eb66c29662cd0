"""Queries to another service over its query stream."""

from typing import Any

from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.queries import Problem


class ServiceQueries:
    """Implements `ServiceQuery` for the service that reads `stream`."""

    def __init__(self, client: QueryClient, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._readers: dict[type[Contract], Reader[Any]] = {}

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        """See the port. Waits for the answer as long as the query client does."""
        reader = self._readers.get(answer)
        if reader is None:
            reader = self._readers[answer] = Reader(answer)
        found: T | Problem = await self._client.ask(self._stream, question, reader)
        return found
