"""Compares the services' statistics with what they have on record."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.statistics.resolutions import LENGTH_US, Resolution
from angarium_chassis.statistics.rollup_audit import Difference
from angarium_contracts.ids import created_at_ms
from angarium_gateway.examination import statistics as of_gateway
from angarium_worker.examination import statistics as of_worker

from angarium_cli.verify.retention import MARGIN_MS, Kept
from angarium_cli.verify.time_range import TimeRange

DIFFERENCES_KEPT_MAX: Final = 1_000
_MINUTE_US: Final = LENGTH_US[Resolution.MINUTE]


@dataclass(slots=True)
class AuditedStatistics:
    """The result: how many endpoints and applications were `compared`, and the first
    `DIFFERENCES_KEPT_MAX` of `differences_count` differences."""

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    differences_count: int = 0

    def add(self, found: list[Difference]) -> None:
        """Add the differences of one endpoint or application."""
        self.differences_count += len(found)
        self.differences += found[: DIFFERENCES_KEPT_MAX - len(self.differences)]


class TenantDays(Protocol):
    """Retention periods of tenants, as `AuditedJournal` reads them."""

    async def tenant_days(self, tenant_ids: set[bytes]) -> dict[bytes, int]: ...


async def audit_statistics(
    gateway: Database,
    worker: Database,
    tenants: TenantDays,
    kept: Kept,
    span: TimeRange,
    *,
    days: int,
) -> AuditedStatistics:
    """Compare the whole minutes, hours and days of a time range, as far back as the rows and the
    statistics per minute (kept for `days`) go. Raises SQLAlchemy's errors."""
    result = AuditedStatistics()
    until_us = _whole_minutes(span.until)
    compared: set[bytes] = set()
    oldest_us = (kept.now_ms - days * DAY_MS + MARGIN_MS) * 1_000
    for database, audited, kept_from in (
        (gateway, of_gateway.audited_rollups(gateway), kept.messages_from),
        (worker, of_worker.audited_rollups(worker), kept.attempts_from),
        (worker, of_worker.audited_cancellations(worker), kept.attempts_from),
    ):
        async for owner in audited.owners(database, to_micros(span.since), until_us):
            tenant_days = await tenants.tenant_days({owner.tenant_id})
            ledger_us = created_at_ms(kept_from(tenant_days.get(owner.tenant_id))) * 1_000
            since_us = max(_whole_minutes(span.since, up=True), oldest_us, ledger_us)
            since_us = -(-since_us // _MINUTE_US) * _MINUTE_US
            if since_us < until_us:
                result.add(await audited.differences(database, owner, since_us, until_us))
                compared.add(owner.id)
    result.compared = len(compared)
    return result


def _whole_minutes(at: datetime, *, up: bool = False) -> int:
    at_us = to_micros(at)
    return -(-at_us // _MINUTE_US) * _MINUTE_US if up else at_us // _MINUTE_US * _MINUTE_US
