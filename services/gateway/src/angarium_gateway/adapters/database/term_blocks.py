"""Reads blocks of the index of messages by their terms, in the order of a page."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    LargeBinary,
    Row,
    Select,
    cast,
    column,
    literal,
    select,
    true,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from .message_terms import end_of, is_named, split_ids
from .term_tables import message_term

_block = message_term.c
_COLUMNS: Final = (_block.application_id, _block.id, _block.messages, _block.ids)


class NamedMessages(NamedTuple):
    """Messages that may have a term, as application and id, in the order of the page."""

    refs: list[tuple[bytes, bytes]]


class MessageRange(NamedTuple):
    """Messages of these applications with ids from `low` to before `high`, many of which have a
    term."""

    application_ids: list[bytes]
    low: bytes
    high: bytes


class BlockReader:
    """Blocks with any of the terms. `applications` has the column `id`."""

    def __init__(
        self,
        connection: AsyncConnection,
        applications: FromClause,
        terms: Sequence[bytes],
        *,
        backwards: bool,
    ) -> None:
        self._connection = connection
        self._applications = applications
        self._terms = terms
        self._backwards = backwards

    async def read(self, low: bytes, high: bytes, rows_max: int) -> tuple[list[Row[Any]], bool]:
        """The first blocks from `low` to before `high`, all of their time; whether more follow."""
        if not self._terms:
            return [], False
        rows = await self._rows(low, high, rows_max + 1)
        if len(rows) <= rows_max:
            return rows, False
        last = bytes(rows[-1].id)
        if complete := [row for row in rows if row.id != last]:
            return complete, True
        return await self._rows(last, end_of(last), None), True

    async def _rows(self, low: bytes, high: bytes, rows_max: int | None) -> list[Row[Any]]:
        order: ColumnElement[Any] = _block.id if self._backwards else _block.id.desc()
        within = select(*_COLUMNS).where(_block.id >= low, _block.id < high)
        if self._connection.dialect.name == "postgresql":
            query = self._merged(within.order_by(order).limit(rows_max))
            order = (
                query.selected_columns.id if self._backwards else query.selected_columns.id.desc()
            )
        else:
            of = select(self._applications.c.id)
            query = within.where(_block.application_id.in_(of), _block.term.in_(self._terms))
        rows = await self._connection.execute(query.order_by(order).limit(rows_max))
        return list(rows.all())

    def _merged(self, first: Select[Any]) -> Select[Any]:
        """The first blocks of each application and term, merged."""
        term = values(column("term", LargeBinary), name="wanted").data(
            [(cast(literal(each), LargeBinary),) for each in self._terms]
        )
        application = self._applications
        of_each = first.where(
            _block.application_id == application.c.id, _block.term == term.c.term
        ).lateral("first")
        joined = application.join(term, true()).join(of_each, true())
        return select(*of_each.c).select_from(joined)


def steps_of(rows: Sequence[Row[Any]]) -> Iterator[NamedMessages | MessageRange]:
    """The ids and ranges to check for these blocks, which are in the order of a page."""
    named: list[tuple[bytes, bytes]] = []
    for low, blocks in groupby(rows, key=lambda row: bytes(row.id)):
        of_time = list(blocks)
        if all(is_named(each) for each in of_time):
            named += {
                (bytes(each.application_id), id_) for each in of_time for id_ in split_ids(each.ids)
            }
            continue
        if named:
            yield NamedMessages(named)
            named = []
        applications = sorted({bytes(each.application_id) for each in of_time})
        yield MessageRange(applications, low, end_of(low))
    if named:
        yield NamedMessages(named)
