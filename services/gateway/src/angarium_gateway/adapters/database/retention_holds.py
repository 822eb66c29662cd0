"""Messages that retention must not delete yet, however old they are.

A message that is scheduled or in an open batch has not reached the workers, and its payload is
stored nowhere else. Neither row reappears for a message once it is gone, and a message moves from
the schedule into a batch in one transaction; so one statement that finds neither row proves that
the message may be deleted. Two statements would not: the message could move between them. Pending
deliveries have a payload of their own. Messages that a running background task will deliver again
are kept as well.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.partitions import Partition
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, Table, and_, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind, TaskStatus

from .legal_holds import not_held
from .tables import background_task, batch, scheduled_message

TASKS_READ_MAX = 1_000
OPEN_BATCHES_MAX = 100
"""Open batches older than the limit that are searched for each message. While there are more, only
whole partitions are deleted."""

_arguments = msgspec.json.Decoder(TaskArguments)

_IN_PARTITION = text(
    """
    select exists (
        select 1 from scheduled_message where message_id >= :low and message_id < :high
    ) or exists (
        select 1
        from batch, generate_series(0, length(message_refs) / 32 - 1) as place
        where id < :high
            and substring(message_refs from place * 32 + 17 for 16) >= :low
            and substring(message_refs from place * 32 + 17 for 16) < :high
    )
    """
)


class TooMuchIsHeld(Exception):
    """More tasks are running than one turn can take into account."""


@dataclass(frozen=True, slots=True)
class TaskHold:
    """Messages of an application that a running task needs, from `first` to before `end`."""

    application_id: bytes
    first: bytes
    end: bytes


async def task_holds(connection: AsyncConnection) -> list[TaskHold]:
    """The ranges of messages that running tasks need. Raises `TooMuchIsHeld`."""
    query = (
        select(background_task.c.arguments)
        .where(
            background_task.c.status == TaskStatus.RUNNING.value,
            background_task.c.kind != TaskKind.PURGE_CONTENT.value,
        )
        .limit(TASKS_READ_MAX)
    )
    texts = (await connection.scalars(query)).all()
    if len(texts) == TASKS_READ_MAX:
        raise TooMuchIsHeld(f"{TASKS_READ_MAX} background tasks or more are running")
    arguments = [_arguments.decode(each) for each in texts]
    return [
        TaskHold(each.application_id, _lowest(each.since), _lowest(each.until, 1))
        for each in arguments
    ]


async def holds_partition(connection: AsyncConnection, partition: Partition) -> bool:
    """True if a message in the partition is scheduled or in an open batch. Postgres only."""
    values = {"low": partition.low, "high": partition.high}
    return bool(await connection.scalar(_IN_PARTITION, values))


async def batches_are_few(connection: AsyncConnection, before: bytes) -> bool:
    """True if few enough batches are open to search them for each message below `before`."""
    older = select(batch.c.id).where(batch.c.id < before).limit(OPEN_BATCHES_MAX + 1)
    return len((await connection.scalars(older)).all()) <= OPEN_BATCHES_MAX


def free_messages(
    table: Table, before: bytes, tasks: list[TaskHold], *, on_postgres: bool
) -> ColumnElement[bool]:
    """The rows of the journal, or of a partition of it, that are below `before` and not held."""
    row = table.c
    not_needed = [
        ~and_(row.application_id == each.application_id, row.id >= each.first, row.id < each.end)
        for each in tasks
        if each.first < before
    ]
    handed = handed_over(row.id, batch.c.id < before, on_postgres=on_postgres)
    return and_(row.id < before, handed, not_held(table), *not_needed)


def handed_over(
    message_id: ColumnElement[bytes], *batches: ColumnElement[bool], on_postgres: bool
) -> ColumnElement[bool]:
    """Neither scheduled nor in an open batch, of those that fulfil `batches`."""
    # Bare, `position` is a word of the grammar.
    position: Any = func.pg_catalog.position if on_postgres else func.instr
    in_batch = exists(
        select(batch.c.id).where(
            batch.c.id <= message_id, *batches, position(batch.c.message_refs, message_id) > 0
        )
    )
    scheduled = exists(
        select(scheduled_message.c.message_id).where(scheduled_message.c.message_id == message_id)
    )
    return and_(~scheduled, ~in_batch)


def _lowest(at: datetime, later_ms: int = 0) -> bytes:
    return lowest_id_at(to_micros(at) // 1_000 + later_ms)
