"""Deleting attempts that are too old, except those that a legal hold keeps."""

import structlog
from angarium_chassis.database.partitions import Partition, PartitionedTable, partition_days
from angarium_chassis.database.retention_table import (
    RetentionTable,
    delete_rows,
    drop_expired,
    too_old,
)
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.retention import LegalHold
from sqlalchemy import ColumnElement, MetaData, Table, and_, select

from angarium_worker.application.operations.retention import LegalHolds

from .tables import attempt

log = structlog.get_logger()


class AttemptRetention:
    """The retention task of attempts.

    Without a hold, partitions are dropped as in `RetentionTable`. With one, the free rows of a
    partition that has held rows are deleted in steps, and the partition is kept. While no gateway
    says which holds there are, nothing is deleted.
    """

    def __init__(self, holds: LegalHolds, *, days: int) -> None:
        self._holds = holds
        self._days = days
        self._without_holds = RetentionTable(attempt, days=days)

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        holds = await self._holds.holds()
        if holds is None:
            log.info("retention.holds_unknown", task="attempts")
        elif not holds:
            await self._without_holds(turn)
        elif turn.on_postgres:
            await self._by_partition(turn, holds)
        else:
            await _delete_free(turn, attempt, too_old(turn, self._days), holds)

    async def _by_partition(self, turn: RetentionTurn, holds: list[LegalHold]) -> None:
        before = too_old(turn, self._days)
        partitions = PartitionedTable(turn, attempt.name)
        await partitions.make_ahead(turn.now_ms, days=partition_days(self._days))

        async def prepare(_: RetentionTurn, partition: Partition) -> bool:
            table = _named(partition.name)
            held = select(table.c.id).where(~not_held(table, holds)).limit(1)
            async with turn.begin() as connection:
                if (await connection.execute(held)).first() is None:
                    return True
            await _delete_free(turn, table, before, holds)
            return False

        await drop_expired(turn, partitions, before, prepare)
        default = (await partitions.layout()).default
        if default is not None:
            await _delete_free(turn, _named(default), before, holds)


def not_held(table: Table, holds: list[LegalHold]) -> ColumnElement[bool]:
    """The rows of a table with `tenant_id` and `application_id` that no hold keeps."""
    row = table.c
    tenants = [each.tenant_id for each in holds if each.application_id is None]
    applications = [each.application_id for each in holds if each.application_id is not None]
    return and_(row.tenant_id.not_in(tenants), row.application_id.not_in(applications))


async def _delete_free(
    turn: RetentionTurn, table: Table, before: bytes, holds: list[LegalHold]
) -> None:
    await delete_rows(turn, table, table.c.id < before, not_held(table, holds))


def _named(partition: str) -> Table:
    return attempt.to_metadata(MetaData(), name=partition)
