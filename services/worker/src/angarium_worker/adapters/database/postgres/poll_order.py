"""Giving attempts at polled endpoints their ids, on Postgres."""

from collections.abc import Sequence
from functools import partial

import asyncpg
from angarium_chassis.database.named_statement import named_statement

from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.polled_records import in_poll_order, keys_to_look_up
from angarium_worker.application.ledger.records import Record
from angarium_worker.domain.poll_order import PolledAttempt, earliest_ticks

from .statements import columns_of_rows

_sql = partial(named_statement, __package__)
_CLAIM = _sql("claim_poll_ticks")
_WRITTEN = _sql("written_polled_attempts")


async def order_records(
    connection: asyncpg.Connection, records: Sequence[Record], attempts: Sequence[PolledAttempt]
) -> list[Record]:
    """The records with their polled attempts in order. The endpoints' clocks stay locked until the
    connection's transaction ends, which must write the records."""
    earliest = earliest_ticks(attempts)
    rows = await connection.fetch(_CLAIM, list(earliest), list(earliest.values()), len(attempts))
    first_ticks = {row[0]: row[1] - len(attempts) + 1 for row in rows}
    # Asked only now: the transaction of an unconfirmed commit held the same locks.
    keys = keys_to_look_up(attempts)
    written = await _written(connection, keys) if keys else frozenset()
    return in_poll_order(records, attempts, first_ticks, written)


async def _written(
    connection: asyncpg.Connection, keys: Sequence[tuple[bytes, bytes]]
) -> frozenset[tuple[bytes, bytes]]:
    messages, tails = columns_of_rows(keys, 2)
    rows = await connection.fetch(_WRITTEN, messages, tails, first_attempt_id(messages))
    return frozenset([(row[0], row[1]) for row in rows])
