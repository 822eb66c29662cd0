"""Queries to the gateways about the order in which messages were accepted."""

import structlog
from angarium_chassis.streams.query_client import QueryClient
from angarium_contracts.contract import Reader
from angarium_contracts.operational import FirstOpenMessages, OpenMessages, OrderRange
from angarium_contracts.queries import Problem
from angarium_contracts.stream_names import GATEWAY_QUERIES

from angarium_worker.application.lanes.lane_context import Confirmed

_answers = Reader(OpenMessages)
_END = b"\xff" * 16

log = structlog.get_logger()


class MessageOrder:
    """Implements `Order`."""

    def __init__(self, queries: QueryClient) -> None:
        self._queries = queries

    async def confirm(
        self, application_id: bytes, after: bytes, kept_for: bytes | None
    ) -> Confirmed | None:
        """See `Order`. A message whose batch is open may not be with the workers yet."""
        question = FirstOpenMessages((OrderRange(application_id, after, _END, kept_for),))
        match await self._queries.ask(GATEWAY_QUERIES, question, _answers):
            case Problem(detail=detail):
                log.warning("message_order.unavailable", error=detail)
                return None
            case answer:
                first_open, newest = answer.message_ids[0], answer.newest[0]
        if first_open is not None:
            before = (int.from_bytes(first_open) - 1).to_bytes(16)
            return Confirmed(max(after, before), first_open)
        return Confirmed(newest or after, newest or after)
