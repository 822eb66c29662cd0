"""Noticing that another dispatcher changed retry schedules."""

import asyncio
from collections.abc import Callable, Collection

import structlog
from angarium_chassis.database.engine import CONNECTION_ERRORS, Database
from sqlalchemy import select

from .tables import tenant_policy

EVERY_S = 5.0
TENANTS_PER_QUERY_MAX = 1_000

log = structlog.get_logger()


class PolicyWatch:
    """Looks every `every_s` for tenants whose schedules changed since the last look, by the
    version of their policy (in the order of commits), and has them forgotten."""

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
        """Look until cancelled. While the database is away, what is in memory stays."""
        while True:
            try:
                await self.look()
            except CONNECTION_ERRORS as error:
                log.warning("schedules.not_watched", error=str(error))
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Once, to the latest version. Raises what the database raises."""
        while await self._look_on() == TENANTS_PER_QUERY_MAX:
            pass

    async def _look_on(self) -> int:
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
