"""The dispatcher's endpoints: who wants which messages now, and since when."""

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_dispatcher.adapters.database.tables import endpoints
from angarium_dispatcher.domain.matching import EndpointFilter
from sqlalchemy import false, select

from angarium_cli.verify.ledgers import AuditedEndpoint


class AuditedEndpoints:
    """Reads the enabled endpoints of an application (as many as one may have: 10,000 unless set
    otherwise). Raises SQLAlchemy's errors."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    async def of(self, application_id: bytes) -> list[AuditedEndpoint]:
        """See the class."""
        row = endpoints.c
        query = select(row.id, row.version, row.event_types, row.channels, row.updated_at).where(
            row.application_id == application_id,
            row.deleted == false(),
            row.disabled == false(),
        )
        async with self._reading.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            AuditedEndpoint(
                EndpointFilter(
                    bytes(each.id),
                    each.version,
                    None if each.event_types is None else frozenset(each.event_types),
                    None if each.channels is None else frozenset(each.channels),
                ),
                changed_at_ms=to_micros(each.updated_at) // 1_000,
            )
            for each in rows
        ]
