"""Finds the messages that fulfil a filter by the index of their terms.

Blocks with a term are read in the order of the page, and their messages are checked: a page costs
the blocks that it returns messages of. Messages that are not in the index yet are looked through;
they are those of a few seconds.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from angarium_chassis.database.engine import Database
from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Row,
    and_,
    cast,
    column,
    func,
    literal,
    select,
    true,
    tuple_,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.read.messages import MessageFilter, MessageWindow

from .message_filters import id_limits, looked_into, message_columns
from .message_rollups import order_of_messages
from .message_terms import CHANNEL, EVENT_TYPE, TAG, IndexedTo, block_of, end_of, term_hash
from .tables import message
from .term_blocks import BlockReader, MessageRange, NamedMessages, steps_of

FRESH_MAX: Final = 20_000
"""Messages outside the index that are looked through. With more of them, it is not used."""
CHECKED_MAX: Final = 20_000
"""Messages of blocks that one page checks, for the other parts of its filter."""
CHECKED_AT_ONCE: Final = 1_000
BLOCKS_MAX: Final = 2_000
"""Blocks that one page reads. They may be of messages that are gone."""

type Refs = Sequence[tuple[bytes, bytes]]
"""Messages, as application and id."""


class ReadRows(NamedTuple):
    """The rows of a page and one more, if there is one, in the order of reading. `end` is the last
    id that was examined, if more may follow."""

    rows: list[Row[Any]]
    end: bytes | None


def has_terms(chosen: MessageFilter) -> bool:
    """True if the index serves the filter. An `eventId` finds its few messages without it."""
    parts = (chosen.tag, chosen.channel, chosen.event_types)
    return chosen.event_id is None and any(each is not None for each in parts)


def terms_of(salt: bytes, chosen: MessageFilter) -> list[bytes]:
    """The terms any of which a message must have; the other parts of the filter are checked."""
    if chosen.tag is not None:
        return [term_hash(salt, TAG, chosen.tag)]
    if chosen.channel is not None:
        return [term_hash(salt, CHANNEL, chosen.channel)]
    return [term_hash(salt, EVENT_TYPE, each) for each in sorted(set(chosen.event_types or ()))]


def is_outside(index: IndexedTo, window: MessageWindow, chosen: MessageFilter) -> bool:
    """True if a page begins with messages from before the index."""
    low, high = id_limits(window, chosen)
    return low < index.indexed_from if window.backwards else high <= index.indexed_from


def one(application_id: bytes) -> FromClause:
    """One application, for `TermSearch`."""
    return select(cast(literal(application_id), LargeBinary).label("id")).subquery("application")


class TermSearch:
    """A page of the messages that fulfil a filter, for which `has_terms` is true.

    `applications` has the column `id`. The page must not begin outside the index (`is_outside`).
    """

    def __init__(
        self,
        database: Database,
        connection: AsyncConnection,
        applications: FromClause,
        index: IndexedTo,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> None:
        self._on_postgres = database.on_postgres
        self._connection = connection
        self._applications = applications
        self._index = index
        self._chosen = chosen
        self._backwards = window.backwards
        self._wanted = window.limit + 1
        low, self._high = id_limits(window, chosen)
        self._low = max(low, index.indexed_from)
        self._goes_below = low < self._low
        self._order = order_of_messages(database)
        self._position = func.strpos if database.on_postgres else func.instr
        names = message_columns(message, with_content=with_content)
        self._columns = [message.c.application_id, *names]
        self._blocks = BlockReader(
            connection, applications, terms_of(index.salt, chosen), backwards=window.backwards
        )
        self._rows: dict[bytes, Row[Any]] = {}
        self._come_to: bytes | None = None
        self._checked = 0
        self._at_once = self._wanted

    async def page(self) -> ReadRows | None:
        """See the module. None: too many messages are not in the index yet."""
        fresh = await self._fresh()
        if fresh is None:
            return None
        for row in await self._named(fresh):
            self._rows[bytes(row.id)] = row
        to_the_end = await self._read_blocks()
        if to_the_end:
            self._come_to = None
        rows = self._examined()[: self._wanted]
        if to_the_end and self._goes_below:
            return ReadRows(rows, self._low)
        return ReadRows(rows, self._come_to)

    async def _fresh(self) -> Refs | None:
        """The first messages that are not in the index and fulfil the filter. None: it leaves out
        too many."""
        row = message.c
        columns = (row.application_id, row.id, row.event_type, row.channels, row.tags, row.event_id)
        left_out = select(*columns).where(self._order.row >= self._index.position)
        left_out = left_out.order_by(self._order.row).limit(FRESH_MAX + 1)
        fresh = left_out.cte("fresh")
        count = select(func.count().label("messages")).select_from(fresh).subquery("counted")
        found = select(fresh.c.application_id, fresh.c.id).where(
            fresh.c.application_id.in_(select(self._applications.c.id)),
            *self._checks(fresh),
        )
        order = fresh.c.id if self._backwards else fresh.c.id.desc()
        first = found.order_by(order).limit(self._wanted).subquery("first")
        query = select(count.c.messages, first.c.application_id, first.c.id)
        query = query.select_from(count.outerjoin(first, true()))
        rows = (await self._connection.execute(query)).all()
        if rows[0].messages > FRESH_MAX:
            return None
        return [(bytes(row.application_id), bytes(row.id)) for row in rows if row.id is not None]

    async def _read_blocks(self) -> bool:
        """Check the messages of one block after another. Returns whether all were checked; False
        once the page is full, or has reached a bound."""
        low, high, blocks = block_of(self._low), self._high, 0
        if self._low > _before(end_of(low)):
            # The page before ended with this block: one that ends there again would not go on.
            low = end_of(low)
        while low < high:
            found, more = await self._blocks.read(low, high, self._wanted)
            for step in steps_of(found):
                if not await self._check(step):
                    return False
            if not more:
                return True
            last = bytes(found[-1].id)
            low, high = (end_of(last), high) if self._backwards else (low, last)
            self._come_to = _before(low) if self._backwards else high
            blocks += len(found)
            if blocks >= BLOCKS_MAX:
                return False
        return True

    async def _check(self, step: NamedMessages | MessageRange) -> bool:
        """Check these messages. Returns whether the page goes on."""
        if isinstance(step, MessageRange):
            end = _before(step.high) if self._backwards else step.low
            return self._add(await self._in_range(step), end)
        refs = [ref for ref in step.refs if self._low <= ref[1] < self._high]
        refs.sort(key=lambda ref: ref[1], reverse=not self._backwards)
        while refs:
            some, refs = refs[: self._at_once], refs[self._at_once :]
            if not self._add(await self._named(some), some[-1][1]):
                return False
            self._checked += len(some)
            if self._checked >= CHECKED_MAX:
                return False
            self._at_once = min(2 * self._at_once, CHECKED_AT_ONCE)
        return True

    def _add(self, rows: Sequence[Row[Any]], end: bytes) -> bool:
        """Add what was found up to `end`, or up to the last row if the limit left out others.
        Returns whether the page goes on."""
        self._rows.update((bytes(row.id), row) for row in rows)
        self._come_to = bytes(rows[-1].id) if len(rows) == self._wanted else end
        return len(self._examined()) < self._wanted

    def _examined(self) -> list[Row[Any]]:
        """The rows up to where all messages have been examined, in the order of reading."""
        ids = sorted(self._rows, reverse=not self._backwards)
        to = self._come_to
        if to is not None:
            ids = [each for each in ids if (each <= to if self._backwards else each >= to)]
        return [self._rows[each] for each in ids]

    async def _in_range(self, step: MessageRange) -> Sequence[Row[Any]]:
        query = select(*self._columns).where(
            message.c.application_id.in_(step.application_ids),
            message.c.id >= step.low,
            message.c.id < step.high,
            *self._checks(message),
        )
        order = message.c.id if self._backwards else message.c.id.desc()
        return (await self._connection.execute(query.order_by(order).limit(self._wanted))).all()

    async def _named(self, refs: Refs) -> Sequence[Row[Any]]:
        """The first of these messages that fulfil the filter."""
        if not refs:
            return []
        row = message.c
        if len({application_id for application_id, _ in refs}) == 1:
            named = [row.application_id == refs[0][0], row.id.in_([id_ for _, id_ in refs])]
            query = select(*self._columns).where(*named, *self._checks(message))
        elif self._on_postgres:
            columns = (column("application_id", LargeBinary), column("id", LargeBinary))
            ref = values(*columns, name="ref").data(list(refs))
            found = select(*self._columns).where(
                row.application_id == ref.c.application_id,
                row.id == ref.c.id,
                *self._checks(message),
            )
            # The limit keeps Postgres from joining the references with whole partitions.
            each = found.limit(1).lateral("found")
            query = select(*each.c).select_from(ref.join(each, true()))
            order = each.c.id if self._backwards else each.c.id.desc()
            return (await self._connection.execute(query.order_by(order).limit(self._wanted))).all()
        else:
            named_ = tuple_(row.application_id, row.id).in_(list(refs))
            query = select(*self._columns).where(named_, *self._checks(message))
        order = row.id if self._backwards else row.id.desc()
        return (await self._connection.execute(query.order_by(order).limit(self._wanted))).all()

    def _checks(self, source: FromClause) -> list[ColumnElement[bool]]:
        """The conditions of the page and of the whole filter."""
        within = and_(source.c.id >= self._low, source.c.id < self._high)
        return [within, *looked_into(source, self._chosen, self._position)]


def _before(id_: bytes) -> bytes:
    """The id right before another."""
    return max(0, int.from_bytes(id_) - 1).to_bytes(16)
