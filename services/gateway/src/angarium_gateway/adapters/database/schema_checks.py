"""The tenants' choices about checks of payloads, stored with the tenants."""

from angarium_chassis.database.engine import Database
from sqlalchemy import select, update

from angarium_gateway.domain.schema_checks import SchemaCheck

from .failures import journal_failures
from .tables import tenant


class TenantSchemaCheckColumn:
    """Implements the port `TenantSchemaChecks`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading

    async def find(self, tenant_id: bytes) -> SchemaCheck | None:
        """See the port."""
        query = select(tenant.c.schema_check).where(tenant.c.id == tenant_id)
        with journal_failures():
            async with self._reading.connect() as connection:
                found: str | None = await connection.scalar(query)
        return SchemaCheck(found) if found else None

    async def set(self, tenant_id: bytes, check: SchemaCheck | None) -> None:
        """See the port."""
        change = update(tenant).where(tenant.c.id == tenant_id).values(schema_check=check)
        with journal_failures():
            async with self._engine.begin() as connection:
                await connection.execute(change)
