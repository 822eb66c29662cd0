"""Queries to the gateways about the retention periods of tenants."""

from collections.abc import Sequence

import structlog
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Problem
from angarium_contracts.retention import ListTenantRetentions, TenantRetention, TenantRetentions
from angarium_contracts.stream_names import GATEWAY_QUERIES
from angarium_webhooks.operational_outbox import Queries

PAGES_MAX = 100

_answers = Reader(TenantRetentions)

log = structlog.get_logger()


class GatewayRetentions:
    """Implements the port `TenantRetentions`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def all(self) -> Sequence[TenantRetention] | None:
        """See the port. At most `PAGES_MAX` pages."""
        found: list[TenantRetention] = []
        for _ in range(PAGES_MAX):
            question = ListTenantRetentions(found[-1].tenant_id if found else None)
            answer = await self._queries.ask(GATEWAY_QUERIES, question, _answers)
            if isinstance(answer, Problem):
                log.info("retention.tenants_unavailable", reason=answer.detail[:300])
                return None
            found.extend(answer.items)
            if answer.done or not answer.items:
                break
        return found
