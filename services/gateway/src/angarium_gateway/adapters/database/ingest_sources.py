"""Sources in the gateway's copy of the directory."""

from angarium_chassis.database.engine import Database
from angarium_contracts.application_kinds import ApplicationKind
from sqlalchemy import select

from angarium_gateway.application.ingest.sources import StoredSource

from .application_copy import state_of
from .failures import journal_failures
from .quota_columns import TENANT_FACTS, quotas_of_login
from .tables import application_copy, tenant


class IngestSourceTable:
    """Implements the port `IngestSources`."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    async def find(self, source_id: bytes) -> StoredSource | None:
        """See the port."""
        query = (
            select(application_copy, *TENANT_FACTS)
            .join_from(application_copy, tenant, application_copy.c.tenant_id == tenant.c.id)
            .where(
                application_copy.c.id == source_id,
                application_copy.c.kind == ApplicationKind.SOURCE,
                application_copy.c.deleted.is_(False),
                tenant.c.deleted_at.is_(None),
            )
        )
        with journal_failures():
            async with self._reading.connect() as connection:
                row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return StoredSource(
            state=state_of(row),
            suspended=row.suspended_at is not None,
            quotas=quotas_of_login(row),
        )
