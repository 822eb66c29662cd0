"""Messages whose batch is open, by ranges of their ids, on either engine.

A batch's id is not above any message id in it. So the batches that may hold a message of a range
have ids below the range's end, and batches that were not read hold no message below the first of
their ids. Whatever the backlog, a query reads `BATCHES_MAX` batches, and then one row per range in
the order of message ids.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_contracts.operational import OrderRange
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from .batches import SET_ASIDE
from .failures import journal_failures
from .tables import batch, message

BATCHES_MAX = 1_000
FILTERED_MAX = 16
"""Applications up to which the database looks for them in the batches; for more it is cheaper to
read the batches."""


class OpenMessages:
    """Implements the port `OpenMessageSearch`."""

    def __init__(self, database: Database, *, batches_max: int = BATCHES_MAX) -> None:
        self._engine = database.reading
        self._on_postgres = database.on_postgres
        self._batches_max = batches_max

    async def first_open(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """See the port."""
        if not ranges:
            return []
        with journal_failures():
            async with self._engine.connect() as connection:
                looked_at = await self._looked_at(connection, ranges)
                # One more was asked for: where it came, those from it on were not looked at.
                more = len(looked_at) > self._batches_max
                bound = bytes(looked_at[-1].id) if more else None
                found = _by_application(looked_at, {each.application_id for each in ranges})
                return [
                    _earlier(
                        _in_range(found[each.application_id], each),
                        await self._conservatively(connection, each, bound),
                    )
                    for each in ranges
                ]

    async def newest(self, ranges: Sequence[OrderRange]) -> Sequence[bytes | None]:
        """See the port."""
        found = []
        with journal_failures():
            async with self._engine.connect() as connection:
                for each in ranges:
                    newest = await connection.scalar(
                        select(func.max(message.c.id)).where(
                            message.c.application_id == each.application_id,
                            message.c.id > each.after,
                            message.c.id < each.before,
                        )
                    )
                    found.append(None if newest is None else bytes(newest))
        return found

    async def _looked_at(
        self, connection: AsyncConnection, ranges: Sequence[OrderRange]
    ) -> Sequence[Any]:
        """The first open batches below the ends of all ranges; `refs` are their references where
        they may hold one of the applications. One statement: it sees one moment."""
        first = (
            select(batch.c.id, batch.c.message_refs)
            .where(batch.c.id < max(each.before for each in ranges), batch.c.owner != SET_ASIDE)
            .order_by(batch.c.id)
            .limit(self._batches_max + 1)
            .subquery()
        )
        refs: ColumnElement[bytes] = first.c.message_refs
        applications = {each.application_id for each in ranges}
        if len(applications) <= FILTERED_MAX:
            refs = case((or_(*[self._holds(refs, one) for one in applications]), refs))
        statement = select(first.c.id, refs.label("refs")).order_by(first.c.id)
        return (await connection.execute(statement)).all()

    def _holds(self, refs: ColumnElement[bytes], application_id: bytes) -> ColumnElement[bool]:
        """A superset: the bytes may also match across two references, which the caller rules
        out."""
        # Bare, `position` is a word of the grammar.
        position = func.pg_catalog.position if self._on_postgres else func.instr
        return position(refs, application_id) > 0

    async def _conservatively(
        self, connection: AsyncConnection, wanted: OrderRange, bound: bytes | None
    ) -> bytes | None:
        """The first message of the range that an unread batch may hold."""
        if bound is None or bound >= wanted.before:
            return None
        found = await connection.scalar(
            select(message.c.id)
            .where(
                message.c.application_id == wanted.application_id,
                message.c.id > wanted.after,
                message.c.id >= bound,
                message.c.id < wanted.before,
            )
            .order_by(message.c.id)
            .limit(1)
        )
        return None if found is None else bytes(found)


def _by_application(looked_at: Sequence[Any], wanted: set[bytes]) -> dict[bytes, list[bytes]]:
    """The messages in these batches of each wanted application, in order."""
    found: dict[bytes, list[bytes]] = {application_id: [] for application_id in wanted}
    for row in looked_at:
        refs = bytes(row.refs or b"")
        for at in range(0, len(refs), 32):
            messages = found.get(refs[at : at + 16])
            if messages is not None:
                messages.append(refs[at + 16 : at + 32])
    for messages in found.values():
        messages.sort()
    return found


def _in_range(messages: Sequence[bytes], wanted: OrderRange) -> bytes | None:
    at = bisect_right(messages, wanted.after)
    return messages[at] if at < len(messages) and messages[at] < wanted.before else None


def _earlier(one: bytes | None, other: bytes | None) -> bytes | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
