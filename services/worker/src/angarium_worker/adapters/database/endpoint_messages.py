"""Reading an endpoint's messages that failed, or that it never got. Every read is bounded.

The time of a message is the one in its id. There is no index of attempts by endpoint and message,
because every attempt would pay for it on the hot path. An endpoint's attempts are read by their own
ids instead, from the start of the time asked for: no attempt is older than its message.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.deliveries import FindMissingDeliveries, ListFailedDeliveries, MessageIds
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .attempt_bounds import first_attempt_id
from .storage_errors import storage_errors
from .tables import attempt, cancelled_delivery, pending_delivery

IDS_MAX = 100
ROWS_PER_PAGE = 1_000
FIRST_ID = bytes(16)
LAST_ID = b"\xff" * 16
_SUCCESS = int(AttemptStatus.SUCCESS)


def accepted_between(since: datetime | None, until: datetime | None) -> tuple[bytes, bytes]:
    """The ids of messages accepted from `since` to `until`, by the millisecond: from the first
    (inclusive) to the second (exclusive)."""
    first = FIRST_ID if since is None else lowest_id_at(to_micros(since) // 1_000)
    end = LAST_ID if until is None else lowest_id_at(to_micros(until) // 1_000 + 1)
    return first, end


class _Recorded(NamedTuple):
    """The record of some messages for one endpoint. `given_up_at`: the first attempt of a message
    that failed as the last of its schedule."""

    attempted: set[bytes]
    succeeded: set[bytes]
    given_up_at: dict[bytes, bytes]
    pending: set[bytes]
    cancelled: dict[bytes, bool]


class _Page(NamedTuple):
    """Positions and messages of a walk, as far as `upto` (inclusive)."""

    found: list[tuple[bytes, bytes]]
    upto: bytes


class EndpointMessages:
    """Implements `MessageQuestions`."""

    def __init__(self, database: Database, *, rows_per_page: int = ROWS_PER_PAGE) -> None:
        self._reading = database.reading
        self._rows_per_page = rows_per_page

    async def missing(self, question: FindMissingDeliveries) -> MessageIds:
        """See `FindMissingDeliveries`."""
        with storage_errors():
            async with self._reading.connect() as connection:
                recorded = await _read(connection, question.endpoint_id, question.message_ids)
        by_hand = {each for each, by_hand in recorded.cancelled.items() if by_hand}
        known = recorded.attempted | recorded.pending | by_hand
        return MessageIds(message_ids=tuple(sorted(set(question.message_ids) - known)))

    async def failed(self, question: ListFailedDeliveries) -> MessageIds:
        """See `ListFailedDeliveries`. One call looks through a page of attempts and one of
        cancelled deliveries at most.

        `last` is a position among the attempts and the cancelled messages alike. A message
        has the position at which its delivery was given up first, so that a walk passes it once,
        even when it is resent and fails again meanwhile.
        """
        first, end = accepted_between(question.since, question.until)
        after = max(first, question.after or FIRST_ID)
        limit = max(1, min(question.limit, IDS_MAX))
        with storage_errors():
            async with self._reading.connect() as connection:
                given_up = await self._given_up(connection, question.endpoint_id, after)
                cancelled = await self._cancelled(connection, question.endpoint_id, after, end)
                upto = min(given_up.upto, cancelled.upto)
                places = sorted(
                    place
                    for place in (*given_up.found, *cancelled.found)
                    if place[0] <= upto and first <= place[1] < end
                )
                return await self._failed(connection, question.endpoint_id, places, upto, limit)

    async def _given_up(
        self, connection: AsyncConnection, endpoint_id: bytes, after: bytes
    ) -> _Page:
        query = (
            select(
                attempt.c.id,
                attempt.c.message_id,
                (attempt.c.status != _SUCCESS).label("failed"),
                attempt.c.next_attempt_at,
            )
            .where(attempt.c.endpoint_id == endpoint_id, attempt.c.id > after)
            .order_by(attempt.c.id)
            .limit(self._rows_per_page)
        )
        rows = (await connection.execute(query)).all()
        found = [(row.id, row.message_id) for row in rows if _gives_up(row)]
        return _Page(found, rows[-1].id if len(rows) == self._rows_per_page else LAST_ID)

    async def _cancelled(
        self, connection: AsyncConnection, endpoint_id: bytes, after: bytes, end: bytes
    ) -> _Page:
        row = cancelled_delivery.c
        query = (
            select(row.message_id, row.by_hand)
            .where(row.endpoint_id == endpoint_id, row.message_id > after, row.message_id < end)
            .order_by(row.message_id)
            .limit(self._rows_per_page)
        )
        rows = (await connection.execute(query)).all()
        found = [(each.message_id, each.message_id) for each in rows if not each.by_hand]
        return _Page(found, rows[-1].message_id if len(rows) == self._rows_per_page else LAST_ID)

    async def _failed(
        self,
        connection: AsyncConnection,
        endpoint_id: bytes,
        places: list[tuple[bytes, bytes]],
        upto: bytes,
        limit: int,
    ) -> MessageIds:
        """Take the first `limit` places that count, and say how far they reach."""
        failed: list[bytes] = []
        for start in range(0, len(places), IDS_MAX):
            some = places[start : start + IDS_MAX]
            recorded = await _read(connection, endpoint_id, [each for _, each in some])
            for position, message_id in some:
                if not _counts(position, message_id, recorded):
                    continue
                failed.append(message_id)
                if len(failed) == limit:
                    return MessageIds(tuple(sorted(failed)), done=False, last=position)
        done = upto == LAST_ID
        return MessageIds(tuple(sorted(failed)), done=done, last=None if done else upto)


def _gives_up(row: Any) -> bool:
    return bool(row.failed) and row.next_attempt_at is None


def _counts(position: bytes, message_id: bytes, recorded: _Recorded) -> bool:
    """True if the delivery has failed for good and has this position in the walk."""
    if message_id in recorded.succeeded or message_id in recorded.pending:
        return False
    if message_id in recorded.cancelled:
        return position == message_id
    return recorded.given_up_at.get(message_id) == position


async def _read(
    connection: AsyncConnection, endpoint_id: bytes, message_ids: Sequence[bytes]
) -> _Recorded:
    """Read the record of at most `IDS_MAX` messages, each by its key."""
    ids = list(set(message_ids))
    row = attempt.c
    attempts = await _rows(
        connection,
        select(
            row.id,
            row.message_id,
            (row.status != _SUCCESS).label("failed"),
            row.next_attempt_at,
        )
        .where(
            row.message_id.in_(ids),
            row.endpoint_id == endpoint_id,
            row.id >= first_attempt_id(ids),
        )
        .order_by(row.id.desc()),
    )
    pending = await _rows(
        connection,
        select(pending_delivery.c.message_id).where(
            pending_delivery.c.message_id.in_(ids), pending_delivery.c.endpoint_id == endpoint_id
        ),
    )
    cancelled = await _rows(
        connection,
        select(cancelled_delivery.c.message_id, cancelled_delivery.c.by_hand).where(
            cancelled_delivery.c.message_id.in_(ids),
            cancelled_delivery.c.endpoint_id == endpoint_id,
        ),
    )
    return _Recorded(
        attempted={each.message_id for each in attempts},
        succeeded={each.message_id for each in attempts if not each.failed},
        given_up_at={each.message_id: each.id for each in attempts if _gives_up(each)},
        pending={each.message_id for each in pending},
        cancelled={each.message_id: each.by_hand for each in cancelled},
    )


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[Row[Any]]:
    found: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return found
