"""Deletes messages that are too old, and their eventIds.

On Postgres whole partitions are dropped; a partition that contains a held message is emptied block
by block instead. On SQLite, and for tenants with a shorter period, rows are deleted in steps.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from angarium_chassis.database.partitions import Partition, PartitionedTable, partition_days
from angarium_chassis.database.retention_table import (
    POSTGRES_ROWS_MAX,
    SQLITE_ROWS_MAX,
    drop_expired,
    oldest_rows,
    too_old,
)
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import operational_application_id
from angarium_contracts.retention import TenantRetention
from sqlalchemy import (
    ColumnElement,
    MetaData,
    Row,
    Table,
    TextClause,
    bindparam,
    delete,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX, TenantRetentions

from .legal_holds import keeps_rows_of
from .retention_holds import (
    TaskHold,
    batches_are_few,
    free_messages,
    holds_partition,
    task_holds,
)
from .tables import application_copy, event_claim, message

BLOCKS_PER_STEP = 64
"""Of 8 kB: half a megabyte of rows at once."""

_FORGET = delete(event_claim).where(
    event_claim.c.application_id == bindparam("of_application"),
    event_claim.c.event_id == bindparam("of_event"),
    event_claim.c.message_id == bindparam("of_message"),
)

log = structlog.get_logger()


class MessageRetention:
    """The retention task of messages. Messages older than `days` are deleted unless they are held
    (see `retention_holds`) or their partition also contains newer ones."""

    def __init__(self, tenants: TenantRetentions, *, days: int) -> None:
        self._tenants = tenants
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        before = too_old(turn, self._days)
        partitions = PartitionedTable(turn, message.name)
        if turn.on_postgres:
            await partitions.make_ahead(turn.now_ms, days=partition_days(self._days))
        async with turn.read() as connection:
            tasks = await task_holds(connection)
        if turn.on_postgres:
            await _drop_partitions(turn, partitions, before, tasks)
        else:
            await _delete_oldest(turn, before, tasks)
        after: bytes | None = None
        while page := await self._tenants.page(after):
            for tenant in page:
                if tenant.days < self._days:
                    await _delete_of_tenant(turn, tenant, tasks)
            after = page[-1].tenant_id
            if len(page) < PAGE_MAX:
                break


async def _drop_partitions(
    turn: RetentionTurn, partitions: PartitionedTable, before: bytes, tasks: list[TaskHold]
) -> None:
    async def prepare(_: RetentionTurn, partition: Partition) -> bool:
        async with turn.begin() as connection:
            held = await holds_partition(connection, partition)
            stored = message.to_metadata(MetaData(), name=partition.name)
            held = held or await keeps_rows_of(connection, stored)
        if held or any(each.first < partition.high and each.end > partition.low for each in tasks):
            await _empty(turn, partition.name, before, tasks)
            return False
        await _forget_events_of(turn, partition.name)
        return True

    await drop_expired(turn, partitions, before, prepare)
    default = (await partitions.layout()).default
    if default is not None:
        await _empty(turn, default, before, tasks)


async def _empty(turn: RetentionTurn, name: str, before: bytes, tasks: list[TaskHold]) -> None:
    """Delete the messages of one partition that are too old and not held, in physical order."""
    async with turn.begin() as connection:
        if not await batches_are_few(connection, before):
            log.info("retention.waits_for_batches", partition=name)
            return
    partition = message.to_metadata(MetaData(), name=name)
    free = free_messages(partition, before, tasks, on_postgres=True)

    async def of_blocks(connection: AsyncConnection, within: TextClause) -> None:
        deletion = delete(partition).where(within, free).returning(*_named(partition))
        await _forget(connection, (await connection.execute(deletion)).all())

    await _by_blocks(turn, name, of_blocks)


async def _forget_events_of(turn: RetentionTurn, name: str) -> None:
    """Delete the eventIds of the messages in a partition that is about to be dropped."""
    partition = message.to_metadata(MetaData(), name=name)

    async def of_blocks(connection: AsyncConnection, within: TextClause) -> None:
        named = select(*_named(partition)).where(within, partition.c.event_id.is_not(None))
        await _forget(connection, (await connection.execute(named)).all())

    await _by_blocks(turn, name, of_blocks)


async def _by_blocks(turn: RetentionTurn, name: str, of_blocks: Any) -> None:
    """Process a table in physical order, `BLOCKS_PER_STEP` blocks at once: without an index, and
    without reading a block twice."""
    between = text("ctid between cast(:first ::text as tid) and cast(:last ::text as tid)")
    size = text("select pg_relation_size(cast(cast(:name as text) as regclass)) / 8192")
    async with turn.begin() as connection:
        blocks = int(await connection.scalar(size, {"name": f'"{name}"'}) or 0)
    starts = iter(range(0, blocks, BLOCKS_PER_STEP))

    async def step(connection: AsyncConnection) -> bool:
        start = next(starts, None)
        if start is None:
            return False
        first, last = f"({start},0)", f"({start + BLOCKS_PER_STEP - 1},65535)"
        await of_blocks(connection, between.bindparams(first=first, last=last))
        return True

    await turn.repeat(step)


async def _delete_of_tenant(
    turn: RetentionTurn, tenant: TenantRetention, tasks: list[TaskHold]
) -> None:
    before = too_old(turn, tenant.days)
    of_tenant = select(application_copy.c.id).where(
        application_copy.c.tenant_id == tenant.tenant_id
    )
    async with turn.read() as connection:
        if not await batches_are_few(connection, before):
            log.info("retention.waits_for_batches", tenant=tenant.tenant_id.hex())
            return
        applications = {bytes(each) for each in await connection.scalars(of_tenant)}
    rows_max = POSTGRES_ROWS_MAX if turn.on_postgres else SQLITE_ROWS_MAX
    free = free_messages(message, before, tasks, on_postgres=turn.on_postgres)
    for application_id in applications | {operational_application_id(tenant.tenant_id)}:
        mine = message.c.application_id == application_id
        found = select(message.c.id).where(mine, free).order_by(message.c.id).limit(rows_max)
        async with turn.read() as connection:
            if (await connection.execute(found.limit(1))).first() is None:
                continue
        chosen = found.with_for_update(skip_locked=True).cte("chosen")
        deletion = delete(message).where(
            mine, message.c.id < before, message.c.id.in_(select(chosen.c.id))
        )
        await turn.repeat(_deletion_step(deletion.returning(*_named(message)), rows_max))


def _deletion_step(deletion: Any, rows_max: int) -> Any:
    async def step(connection: AsyncConnection) -> bool:
        gone = (await connection.execute(deletion)).all()
        await _forget(connection, gone)
        return len(gone) == rows_max

    return step


async def _delete_oldest(turn: RetentionTurn, before: bytes, tasks: list[TaskHold]) -> None:
    """SQLite only: in the order of insertion, which is close to that of the ids."""
    free = free_messages(message, before, tasks, on_postgres=False)
    rowid: ColumnElement[int] = literal_column("rowid")
    come_to = 0
    async with turn.read() as connection:
        oldest = (await connection.execute(oldest_rows(message))).all()
        few = await batches_are_few(connection, before)
    if not few or not any(row.id < before for row in oldest):
        return

    async def step(connection: AsyncConnection) -> bool:
        nonlocal come_to
        rows = (await connection.execute(oldest_rows(message, after=come_to))).all()
        if not any(row.id < before for row in rows):
            return False
        come_to = rows[-1].row
        within = rowid.in_([row.row for row in rows])
        deletion = delete(message).where(within, free).returning(*_named(message))
        await _forget(connection, (await connection.execute(deletion)).all())
        return True

    await turn.repeat(step)


def _named(table: Table) -> list[ColumnElement[Any]]:
    return [table.c.application_id, table.c.event_id, table.c.id]


async def _forget(connection: AsyncConnection, gone: Sequence[Row[Any]]) -> None:
    """Delete the eventIds of deleted messages, so that they can be used again."""
    claims = [
        {"of_application": row.application_id, "of_event": row.event_id, "of_message": row.id}
        for row in gone
        if row.event_id is not None
    ]
    if claims:
        await connection.execute(_FORGET, claims)
