"""Deletes from the index of terms what its messages no longer have, on both engines."""

from collections.abc import Sequence

from angarium_chassis.database.partitions import Partition, PartitionedTable, partition_days
from angarium_chassis.database.retention_table import (
    POSTGRES_ROWS_MAX,
    SQLITE_ROWS_MAX,
    drop_expired,
    too_old,
)
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import operational_application_id
from angarium_contracts.retention import TenantRetention
from sqlalchemy import ColumnElement, MetaData, Table, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.tenants.tenant_retention import PAGE_MAX, TenantRetentions

from .message_filters import names_text
from .message_terms import TAG, block_of, end_of, indexed_to, is_named, split_ids, term_hash
from .tables import application_copy, message
from .term_tables import message_term

_block = message_term.c


async def lock_index(connection: AsyncConnection) -> bytes | None:
    """Keep messages from being indexed until the transaction ends; the salt of their terms.

    To be called before the tags of a message are deleted: the index would get them otherwise, from
    a process that has read them before.
    """
    index = await indexed_to(connection, locked=True)
    return None if index is None else index.salt


async def forget_tags(
    connection: AsyncConnection,
    salt: bytes,
    application_id: bytes,
    message_id: bytes,
    tags: Sequence[str],
) -> None:
    """Take a message, whose tags are deleted, out of the blocks of these tags."""
    for tag in set(tags):
        of_block = and_(
            _block.application_id == application_id,
            _block.term == term_hash(salt, TAG, tag),
            _block.id == block_of(message_id),
        )
        found = (await connection.execute(select(message_term).where(of_block))).first()
        if found is None:
            continue
        if not is_named(found):
            if not await _is_used(connection, application_id, message_id, tag):
                await connection.execute(delete(message_term).where(of_block))
            continue
        others = [each for each in split_ids(found.ids) if each != message_id]
        if others:
            values = {"ids": b"".join(others), "messages": len(others)}
            await connection.execute(update(message_term).where(of_block).values(values))
        else:
            await connection.execute(delete(message_term).where(of_block))


async def _is_used(
    connection: AsyncConnection, application_id: bytes, message_id: bytes, tag: str
) -> bool:
    """True if another message of the block has the tag."""
    on_postgres = connection.dialect.name == "postgresql"
    position = func.strpos if on_postgres else func.instr
    low = block_of(message_id)
    others = exists().where(
        message.c.application_id == application_id,
        message.c.id >= low,
        message.c.id < end_of(low),
        position(message.c.tags, names_text(tag)) > 0,
    )
    return bool(await connection.scalar(select(others)))


class TermRetention:
    """The retention task of the index. A block is kept for as long as its application has a message
    that is as old: one that is held back."""

    def __init__(self, tenants: TenantRetentions, *, days: int) -> None:
        self._tenants = tenants
        self._days = days

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        before = too_old(turn, self._days)
        if turn.on_postgres:
            await self._by_partition(turn, before)
        else:
            await _delete_before(turn, message_term, before)
        after: bytes | None = None
        while page := await self._tenants.page(after):
            for tenant in page:
                if tenant.days < self._days:
                    await _delete_of_tenant(turn, tenant)
            after = page[-1].tenant_id
            if len(page) < PAGE_MAX:
                break

    async def _by_partition(self, turn: RetentionTurn, before: bytes) -> None:
        partitions = PartitionedTable(turn, message_term.name)
        await partitions.make_ahead(turn.now_ms, days=partition_days(self._days))

        async def prepare(_: RetentionTurn, partition: Partition) -> bool:
            held = select(message.c.id).where(
                message.c.id >= partition.low, message.c.id < partition.high
            )
            async with turn.begin() as connection:
                if (await connection.execute(held.limit(1))).first() is None:
                    return True
            await _delete_before(turn, _partition(partition.name), before)
            return False

        await drop_expired(turn, partitions, before, prepare)
        default = (await partitions.layout()).default
        if default is not None:
            await _delete_before(turn, _partition(default), before)


async def _delete_of_tenant(turn: RetentionTurn, tenant: TenantRetention) -> None:
    before = too_old(turn, tenant.days)
    row = application_copy.c
    mine = select(row.id).where(row.tenant_id == tenant.tenant_id)
    async with turn.read() as connection:
        found = {bytes(each) for each in await connection.scalars(mine)}
    for application_id in found | {operational_application_id(tenant.tenant_id)}:
        of_application = _block.application_id == application_id
        await _delete_before(turn, message_term, before, of_application)


async def _delete_before(
    turn: RetentionTurn, table: Table, before: bytes, *conditions: ColumnElement[bool]
) -> None:
    """Delete blocks whose time has ended before, in steps, unless a message that is as old is left
    of their application."""
    block, rows_max = table.c, POSTGRES_ROWS_MAX if turn.on_postgres else SQLITE_ROWS_MAX
    older = exists().where(message.c.application_id == block.application_id, message.c.id < before)
    expired = and_(block.id < block_of(before), ~older.correlate(table), *conditions)
    found = select(block.id).where(expired).limit(rows_max)
    async with turn.read() as connection:
        if (await connection.execute(found.limit(1))).first() is None:
            return
    # Blocks of several terms have the same id: a step deletes all of them.
    deletion = delete(table).where(block.id.in_(found), expired)

    async def step(connection: AsyncConnection) -> bool:
        return bool((await connection.execute(deletion)).rowcount >= rows_max)

    await turn.repeat(step)


def _partition(name: str) -> Table:
    return message_term.to_metadata(MetaData(), name=name)
