"""Deletes payloads whose retention has ended, and keeps their messages.

A message that is scheduled or in an open batch is left to a later turn: its payload is stored
nowhere else (see `retention_holds`). A delivery that is still pending has a payload of its own,
which goes with it.
"""

import structlog
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.retention_table import POSTGRES_ROWS_MAX, SQLITE_ROWS_MAX
from angarium_chassis.database.retention_turn import RetentionTurn
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .legal_holds import application_not_held
from .retention_holds import batches_are_few, handed_over
from .tables import message, payload_expiry

LEAST_MS = 3_600_000
"""The shortest retention: batches younger than this are not searched for each message."""
WITHOUT_PAYLOAD = {"payload": b"", "content_type": None}


log = structlog.get_logger()


async def delete_expired_payloads(turn: RetentionTurn) -> None:
    """The retention task of payloads with a retention of their own."""
    rows_max = POSTGRES_ROWS_MAX if turn.on_postgres else SQLITE_ROWS_MAX
    row = payload_expiry.c
    due = (
        select(row.application_id, row.message_id)
        .where(
            row.expires_at <= turn.now_ms * 1_000,
            application_not_held(row.application_id),
            handed_over(row.message_id, on_postgres=turn.on_postgres),
        )
        .order_by(row.expires_at, row.message_id)
        .limit(rows_max)
    )
    async with turn.read() as connection:
        if not await batches_are_few(connection, lowest_id_at(turn.now_ms - LEAST_MS)):
            log.info("retention.waits_for_batches", task="payloads")
            return
        if (await connection.execute(due.limit(1))).first() is None:
            return

    async def step(connection: AsyncConnection) -> bool:
        # As values, so that the partitions of other times are not looked into.
        keys = [(bytes(key[0]), bytes(key[1])) for key in await connection.execute(due)]
        if not keys:
            return False
        ids = [key[1] for key in keys]
        await connection.execute(
            update(message)
            .where(
                tuple_(message.c.application_id, message.c.id).in_(keys),
                message.c.id.in_(ids),
                message.c.expunged_at.is_(None),
            )
            .values(expunged_at=from_micros(turn.now_ms * 1_000), **WITHOUT_PAYLOAD)
        )
        await connection.execute(delete(payload_expiry).where(row.message_id.in_(ids)))
        return len(keys) == rows_max

    await turn.repeat(step)
