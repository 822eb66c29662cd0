"""Reads messages from the journal."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import ListReads
from angarium_contracts.ids import MESSAGE, parse_id
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_gateway.application.read.messages import (
    Message,
    MessageFilter,
    MessagePage,
    MessageWindow,
)

from .failures import journal_failures
from .message_filters import id_bounds, looked_into, message_columns
from .message_terms import indexed_to
from .tables import event_claim, message
from .term_search import ReadRows, TermSearch, has_terms, is_outside, one

LOOKED_THROUGH_MAX = 20_000
"""Messages that one page examines for a filter."""

_texts = msgspec.json.Decoder(tuple[str, ...])


class StoredMessages:
    """Implements `MessageJournal`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.engine.execution_options(read_only=True)
        self._lists = ListReads(database)
        self._position = func.strpos if database.on_postgres else func.instr

    async def find(self, application_id: bytes, ref: str, *, with_content: bool) -> Message | None:
        """The message with this id or, failing that, with this eventId."""
        message_id = parse_id(MESSAGE, ref)
        found = None
        if message_id is not None:
            found = await self._one(application_id, message_id, with_content=with_content)
        if found is not None:
            return found
        by_event_id = select(event_claim.c.message_id).where(
            event_claim.c.application_id == application_id, event_claim.c.event_id == ref
        )
        claims = await self._rows(by_event_id)
        if not claims:
            return None
        return await self._one(application_id, claims[0].message_id, with_content=with_content)

    async def _one(
        self, application_id: bytes, message_id: bytes, *, with_content: bool
    ) -> Message | None:
        """The message by its id, given as a value so that Postgres reads one partition only."""
        statement = select(*message_columns(message, with_content=with_content)).where(
            message.c.application_id == application_id, message.c.id == message_id
        )
        rows = await self._rows(statement)
        return message_of_row(rows[0]) if rows else None

    async def find_many(
        self, application_id: bytes, message_ids: Sequence[bytes], *, with_content: bool = False
    ) -> Mapping[bytes, Message]:
        """Messages of this application by their ids."""
        if not message_ids:
            return {}
        statement = select(*message_columns(message, with_content=with_content)).where(
            message.c.application_id == application_id, message.c.id.in_(message_ids)
        )
        rows = await self._rows(statement)
        return {row.id: message_of_row(row) for row in rows}

    async def payloads(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, bytes]:
        """The payloads of messages of this application by their ids."""
        if not message_ids:
            return {}
        statement = select(message.c.id, message.c.payload).where(
            message.c.application_id == application_id, message.c.id.in_(message_ids)
        )
        rows = await self._rows(statement)
        return {row.id: row.payload for row in rows}

    async def payload_sizes(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Mapping[bytes, int]:
        """The payload bytes of messages of this application by their ids."""
        if not message_ids:
            return {}
        statement = select(message.c.id, func.length(message.c.payload).label("size")).where(
            message.c.application_id == application_id, message.c.id.in_(message_ids)
        )
        rows = await self._rows(statement)
        return {row.id: row.size for row in rows}

    async def page(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> MessagePage:
        """A page, newest first. With a filter on more than the time, at most `LOOKED_THROUGH_MAX`
        messages are read, unless the index of terms serves it."""
        if has_terms(chosen):
            found = await self._by_terms(application_id, window, chosen, with_content=with_content)
            if found is not None:
                items = [message_of_row(row) for row in found.rows[: window.limit]]
                more = len(found.rows) > window.limit
                return _page(items, window, more, None if more else found.end)
        passed = _passed(application_id, window, chosen)
        statement = self._statement(passed, window, chosen, with_content=with_content)
        rows = await self._listed(statement)
        more = len(rows) > window.limit
        end: bytes | None = None
        if not more and chosen.looks_into():
            last_read = passed.with_only_columns(message.c.id).offset(LOOKED_THROUGH_MAX - 1)
            end = next((row.id for row in await self._listed(last_read.limit(1))), None)
        return _page([message_of_row(row) for row in rows[: window.limit]], window, more, end)

    async def _by_terms(
        self,
        application_id: bytes,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> ReadRows | None:
        async def read(connection: AsyncConnection) -> ReadRows | None:
            index = await indexed_to(connection)
            if index is None or is_outside(index, window, chosen):
                return None
            search = TermSearch(
                self._database, connection, one(application_id), index, window, chosen,
                with_content=with_content,
            )  # fmt: skip
            return await search.page()

        with journal_failures():
            return await self._lists.run(read)

    async def _listed(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async def read(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
            return rows

        with journal_failures():
            return await self._lists.run(read)

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        with journal_failures():
            async with self._engine.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
        return rows

    def _statement(
        self,
        passed: Select[Any],
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> Select[Any]:
        if not chosen.looks_into():
            columns = message_columns(message, with_content=with_content)
            return passed.with_only_columns(*columns).limit(window.limit + 1)
        read = passed.limit(LOOKED_THROUGH_MAX).subquery()
        statement = select(*message_columns(read, with_content=with_content))
        statement = statement.where(*looked_into(read, chosen, self._position))
        order = read.c.id if window.backwards else read.c.id.desc()
        return statement.order_by(order).limit(window.limit + 1)


def _passed(application_id: bytes, window: MessageWindow, chosen: MessageFilter) -> Select[Any]:
    statement = select(message).where(
        message.c.application_id == application_id, *id_bounds(window, chosen)
    )
    return statement.order_by(message.c.id if window.backwards else message.c.id.desc())


def _page(
    items: list[Message], window: MessageWindow, more: bool, end: bytes | None
) -> MessagePage:
    """The page of these messages. `end` is the last one examined if more follow."""
    if window.backwards:
        items.reverse()
    near = beside(window)
    oldest = items[-1].id if items else near if window.backwards else window.past
    newest = items[0].id if items else window.past if window.backwards else near
    if end is not None:
        oldest, newest = (oldest, end) if window.backwards else (end, newest)
    return MessagePage(items, done=not more and end is None, oldest=oldest, newest=newest)


def beside(window: MessageWindow) -> bytes | None:
    """The position right before an empty page. What the window's own position names comes before
    the page, too: the search may have ended with it."""
    if window.past is None:
        return None
    step = 1 if window.backwards else -1
    return min(max(0, int.from_bytes(window.past) + step), (1 << 128) - 1).to_bytes(16)


def message_of_row(row: Row[Any]) -> Message:
    """The message of a row; without the column `payload`, without its payload."""
    return Message(
        id=row.id,
        event_type=row.event_type,
        event_id=row.event_id,
        channels=None if row.channels is None else _texts.decode(row.channels),
        tags=None if row.tags is None else _texts.decode(row.tags),
        payload=getattr(row, "payload", None),
        deliver_at=row.deliver_at,
        canceled_at=row.canceled_at,
        content_type=row.content_type,
        expunged=row.expunged_at is not None,
    )
