"""Giving attempts at polled endpoints their ids, on SQLite."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.adapters.database.polled_records import in_poll_order, keys_to_look_up
from angarium_worker.adapters.database.tables import attempt, poll_clock
from angarium_worker.application.ledger.records import Record
from angarium_worker.domain.poll_order import PolledAttempt, earliest_ticks

KEYS_MAX = 500
"""SQLite bounds the parameters of a statement."""

_claim = insert(poll_clock)


async def order_records(
    connection: AsyncConnection, records: Sequence[Record], attempts: Sequence[PolledAttempt]
) -> list[Record]:
    """The records with their polled attempts in order. The connection's transaction holds the
    database's write lock, and must write the records."""
    count = len(attempts)
    first_ticks: dict[bytes, int] = {}
    for endpoint_id, first in earliest_ticks(attempts).items():
        new = _claim.values(endpoint_id=endpoint_id, tick=first + count - 1)
        claim = new.on_conflict_do_update(
            index_elements=[poll_clock.c.endpoint_id],
            set_={"tick": func.max(poll_clock.c.tick + count, new.excluded.tick)},
        ).returning(poll_clock.c.tick)
        tick = (await connection.execute(claim)).scalar_one()
        first_ticks[endpoint_id] = tick - count + 1
    written = await _written(connection, keys_to_look_up(attempts))
    return in_poll_order(records, attempts, first_ticks, written)


async def _written(
    connection: AsyncConnection, keys: Sequence[tuple[bytes, bytes]]
) -> set[tuple[bytes, bytes]]:
    tail = func.substr(attempt.c.id, 9)
    found: set[tuple[bytes, bytes]] = set()
    for start in range(0, len(keys), KEYS_MAX):
        some = keys[start : start + KEYS_MAX]
        query = select(attempt.c.message_id, tail).where(
            attempt.c.message_id.in_([message_id for message_id, _ in some]),
            tuple_(attempt.c.message_id, tail).in_(some),
        )
        found.update((bytes(row[0]), bytes(row[1])) for row in await connection.execute(query))
    return found
