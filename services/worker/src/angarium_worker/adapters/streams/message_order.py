"""Asking the gateways in which order messages were accepted."""

import structlog
from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Reader
from angarium_contracts.operational import FirstOpenMessages, OpenMessages, OrderRange
from angarium_contracts.queries import Problem
from angarium_contracts.stream_names import GATEWAY_QUERIES

_answers = Reader(OpenMessages)

log = structlog.get_logger()


class MessageOrder:
    """Implements `Order`."""

    def __init__(self, queries: QueryClient) -> None:
        self._queries = queries

    async def in_lanes_up_to(self, application_id: bytes, after: bytes, last: bytes) -> bytes:
        """See `Order`. A message whose batch is open may not be with the workers yet."""
        question = FirstOpenMessages((OrderRange(application_id, after, last),))
        match await self._queries.ask(GATEWAY_QUERIES, question, _answers):
            case Problem(detail=detail):
                log.warning("order.not_known", error=detail)
                return after
            case answer:
                first_open = answer.message_ids[0]
        if first_open is None:
            return last
        return max(after, (int.from_bytes(first_open) - 1).to_bytes(16))
