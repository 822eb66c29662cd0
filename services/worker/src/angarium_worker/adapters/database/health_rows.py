"""The record of failing endpoints, which all workers on this database share."""

from collections.abc import Collection, Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from angarium_worker.application.endpoints.failing_endpoints import HealthRow
from angarium_worker.domain.endpoint_health import FailureRun, RunOfFailures

from .storage_errors import storage_errors
from .tables import attempt, endpoint_health

ATTEMPTS_PER_READ = 2_000
_COLUMNS = (
    endpoint_health.c.endpoint_id,
    endpoint_health.c.tenant_id,
    endpoint_health.c.application_id,
    endpoint_health.c.version,
    endpoint_health.c.failing_since,
    endpoint_health.c.last_failure_at,
)
_NAMES = [column.name for column in _COLUMNS]


class HealthTable:
    """Implements `HealthRows`."""

    def __init__(self, database: Database, *, attempts_per_read: int = ATTEMPTS_PER_READ) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._upsert = _upsert(on_postgres=database.on_postgres)
        self._attempts_per_read = attempts_per_read

    async def load(self, limit: int) -> list[HealthRow]:
        """See `HealthRows`."""
        query = select(*_COLUMNS).order_by(endpoint_health.c.last_failure_at.desc()).limit(limit)
        with storage_errors():
            async with self._reading.connect() as connection:
                return [HealthRow(*row) for row in (await connection.execute(query)).all()]

    async def save(
        self, failing: Sequence[HealthRow], recovered: Collection[bytes]
    ) -> list[HealthRow]:
        """See `HealthRows`."""
        # In order of id, so that two workers that write the same never deadlock.
        ids = sorted(recovered)
        rows = [dict(zip(_NAMES, row, strict=True)) for row in sorted(failing)]
        stored: list[HealthRow] = []
        with storage_errors():
            async with self._engine.begin() as connection:
                if ids:
                    await connection.execute(
                        delete(endpoint_health).where(endpoint_health.c.endpoint_id.in_(ids))
                    )
                if rows:
                    written = await connection.execute(self._upsert, rows)
                    stored = [HealthRow(*row) for row in written.all()]
        return stored

    async def failures_since(self, endpoint_id: bytes, since_us: int) -> FailureRun | None:
        """See `HealthRows`. Walks the endpoint's attempts backwards, in bounded reads."""
        # An attempt's id is made before its end is noted, on the same clock.
        oldest = lowest_id_at(since_us // 1_000 - 1)
        upto = b"\xff" * 16
        found = RunOfFailures()
        while not found.complete:
            query = (
                select(attempt.c.id, attempt.c.status, attempt.c.ended_at)
                .where(
                    attempt.c.endpoint_id == endpoint_id,
                    attempt.c.id >= oldest,
                    attempt.c.id < upto,
                )
                .order_by(attempt.c.id.desc())
                .limit(self._attempts_per_read)
            )
            with storage_errors():
                async with self._reading.connect() as connection:
                    rows = (await connection.execute(query)).all()
            found.extend((row.status == AttemptStatus.SUCCESS, row.ended_at) for row in rows)
            if len(rows) < self._attempts_per_read:
                break
            upto = rows[-1].id
        return found.run


def _upsert(*, on_postgres: bool) -> Any:
    insert = (postgresql if on_postgres else sqlite).insert(endpoint_health)
    greatest = func.greatest if on_postgres else func.max
    old, new = endpoint_health.c, insert.excluded
    newer = new.version > old.version
    return insert.on_conflict_do_update(
        index_elements=[old.endpoint_id],
        set_={
            "version": greatest(old.version, new.version),
            "failing_since": case((newer, new.failing_since), else_=old.failing_since),
            "last_failure_at": greatest(old.last_failure_at, new.last_failure_at),
        },
    ).returning(*_COLUMNS)
