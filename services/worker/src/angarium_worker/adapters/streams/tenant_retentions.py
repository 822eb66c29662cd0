"""Queries to the gateways about the retention periods and legal holds of tenants."""

from collections.abc import Sequence

import structlog
from angarium_contracts.contract import Reader
from angarium_contracts.queries import Problem
from angarium_contracts.retention import (
    LegalHold,
    LegalHolds,
    ListLegalHolds,
    ListTenantRetentions,
    TenantRetention,
    TenantRetentions,
)
from angarium_contracts.stream_names import GATEWAY_QUERIES
from angarium_webhooks.operational_outbox import Queries

PAGES_MAX = 100

_answers = Reader(TenantRetentions)
_hold_answers = Reader(LegalHolds)

log = structlog.get_logger()


class GatewayRetentions:
    """Implements the ports `TenantRetentions` and `LegalHolds`."""

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

    async def holds(self) -> list[LegalHold] | None:
        """See the port. None as well if there are more than `PAGES_MAX` pages."""
        found: list[LegalHold] = []
        for _ in range(PAGES_MAX):
            question = ListLegalHolds(found[-1] if found else None)
            answer = await self._queries.ask(GATEWAY_QUERIES, question, _hold_answers)
            if isinstance(answer, Problem):
                log.info("retention.holds_unavailable", reason=answer.detail[:300])
                return None
            found.extend(answer.items)
            if answer.done or not answer.items:
                return found
        return None
