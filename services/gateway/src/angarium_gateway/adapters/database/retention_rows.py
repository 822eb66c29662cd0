"""Deletes expired idempotency keys, and background tasks that ended long ago.

Idempotency keys are not partitioned by time: a key must be unique for all its life, which a
partition guarantees only within itself. They are deleted by the index on their time.
"""

from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.database.retention_table import delete_rows
from angarium_chassis.database.retention_turn import RetentionTurn
from sqlalchemy import BigInteger, type_coerce

from angarium_gateway.domain.background_tasks import TaskStatus

from .tables import background_task, idempotency_key

KEY_MARGIN_MS = 3 * 3_600_000
"""Keys carry the time of a gateway's clock; this is how slow that clock may be."""
TASK_DAYS = 90


class KeyRetention:
    """The retention task of expired idempotency keys."""

    def __init__(self, *, life_s: int) -> None:
        self._life_ms = life_s * 1_000

    async def __call__(self, turn: RetentionTurn) -> None:
        """See `RetentionTask`."""
        created_at = type_coerce(idempotency_key.c.created_at, BigInteger)
        before_us = (turn.now_ms - self._life_ms - KEY_MARGIN_MS) * 1_000
        await delete_rows(
            turn,
            idempotency_key,
            created_at < before_us,
            key=idempotency_key.c.key_digest,
            order=created_at,
        )


async def delete_ended_tasks(turn: RetentionTurn) -> None:
    """The retention task of background tasks: deletes them `TASK_DAYS` after their end."""
    updated_at = type_coerce(background_task.c.updated_at, BigInteger)
    await delete_rows(
        turn,
        background_task,
        background_task.c.status != TaskStatus.RUNNING.value,
        updated_at < (turn.now_ms - TASK_DAYS * DAY_MS) * 1_000,
        key=background_task.c.id,
    )
