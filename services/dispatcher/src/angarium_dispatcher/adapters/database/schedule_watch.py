"""Watching for retry schedules that another dispatcher changed."""

import asyncio
from collections.abc import Callable, Collection

import structlog
from angarium_chassis.database.engine import CONNECTION_ERRORS, Database
from sqlalchemy import select

from .tables import tenant_policy

EVERY_S = 5.0
TENANTS_PER_QUERY_MAX = 1_000

log = structlog.get_logger()


class ScheduleWatch:
    """Polls every `every_s` for tenants whose schedules changed, and drops their cache entries.

    Changes are found by the version of the tenant's policy, which follows the order of commits.
    """

    def __init__(
        self,
        database: Database,
        forget_tenants: Callable[[Collection[bytes]], None],
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self._database = database
        self._forget_tenants = forget_tenants
        self._every_s = every_s
        self._version = 0

    async def run(self) -> None:
        """Poll until cancelled. While the database is unavailable, the cache stays as it is."""
        while True:
            try:
                await self.check()
            except CONNECTION_ERRORS as error:
                log.warning("schedules.not_watched", error=str(error))
            await asyncio.sleep(self._every_s)

    async def check(self) -> None:
        """Catch up with the latest version. Raises what the database raises."""
        while await self._check_page() == TENANTS_PER_QUERY_MAX:
            pass

    async def _check_page(self) -> int:
        statement = (
            select(tenant_policy.c.tenant_id, tenant_policy.c.version)
            .where(tenant_policy.c.version > self._version)
            .order_by(tenant_policy.c.version)
            .limit(TENANTS_PER_QUERY_MAX)
        )
        async with self._database.reading.connect() as connection:
            rows = (await connection.execute(statement)).all()
        if rows:
            self._forget_tenants({tenant_id for tenant_id, _ in rows})
            self._version = rows[-1].version
        return len(rows)
