"""Facts about the dispatcher's database for `angarium doctor`, `angarium verify` and the console.
Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.examination.examined import examined
from angarium_chassis.examination.service_database import examine_database, read_or_none
from angarium_chassis.sealing import Seal
from angarium_contracts.examination import ExamineService, ServiceExamined
from sqlalchemy import false, select

from angarium_dispatcher.adapters.database import tables
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.domain.matching import EndpointFilter, matches

__all__ = [
    "SCHEMA",
    "AuditedEndpoint",
    "AuditedEndpoints",
    "DispatcherExamination",
    "directory_version",
]


@dataclass(frozen=True, slots=True)
class AuditedEndpoint:
    """An enabled endpoint as it is now; `changed_at_ms` is Unix time."""

    wanted: EndpointFilter
    changed_at_ms: int

    @property
    def id(self) -> bytes:
        return self.wanted.endpoint_id

    def wants(self, event_type: str, channels: Sequence[str]) -> bool:
        """Apply the dispatcher's own matching."""
        return matches(self.wanted, event_type, channels)


class AuditedEndpoints:
    """Reads the enabled endpoints of an application. Raises SQLAlchemy's errors."""

    def __init__(self, database: Database) -> None:
        self._reading = database.reading

    async def of(self, application_id: bytes) -> list[AuditedEndpoint]:
        """All of them, at most `ANGARIUM_ENDPOINTS_PER_APPLICATION_MAX`."""
        row = tables.endpoints.c
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


async def directory_version(database: Database) -> int:
    """The version of the directory, 0 before its first change."""
    row = tables.directory_version.c
    async with database.reading.connect() as connection:
        return int(await connection.scalar(select(row.version).where(row.id == 1)) or 0)


class DispatcherExamination:
    """Answers `ExamineService` for the dispatcher's database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def __call__(self, question: ExamineService) -> ServiceExamined:
        """Findings about the database. Nothing waits in it."""
        findings = await examine_database("dispatcher", SCHEMA, self._database, self._seal, {})
        return examined(findings, await read_or_none(directory_version(self._database)))
