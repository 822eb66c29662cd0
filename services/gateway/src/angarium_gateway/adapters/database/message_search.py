"""Searches the messages of an application or a tenant.

Each application's messages are read in the order of their ids through the journal's primary key,
and merged: a page costs one index search for each application. Messages of a type, channel or tag
are found by the index of terms (`term_search`). The beginning of an eventId, and what is older than
that index, looks through a bounded number of messages.
"""

from collections.abc import Sequence
from typing import Any, Final

from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import ListReads
from angarium_contracts.ids import operational_application_id
from sqlalchemy import ColumnElement, Row, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import FromClause

from angarium_gateway.application.read.messages import (
    FoundMessage,
    FoundMessages,
    MessageFilter,
    MessageWindow,
    TooManyApplications,
)

from .failures import journal_failures
from .message_filters import id_bounds, looked_into, message_columns
from .message_queries import beside, message_of_row
from .message_terms import indexed_to
from .tables import application_copy, event_claim, message
from .term_search import TermSearch, has_terms, is_outside

LOOKED_THROUGH_MAX: Final = 20_000
"""Messages that one page examines for a filter, over all applications."""
LOOKED_THROUGH_MIN: Final = 500
"""Messages that it examines of each application, however many applications there are."""
APPLICATIONS_MAX: Final = 2_000
"""A search that would examine messages of more applications for its filter is refused."""
CLAIMS_MAX: Final = 10_000
"""Applications of a tenant that may have used the same `eventId` and are all found."""


class MessageSearchTable:
    """Implements `MessageSearch`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lists = ListReads(database)
        self._on_postgres = database.on_postgres
        self._position = func.strpos if database.on_postgres else func.instr

    async def search(
        self,
        tenant_id: bytes,
        application_id: bytes | None,
        window: MessageWindow,
        chosen: MessageFilter,
        *,
        with_content: bool,
    ) -> FoundMessages:
        """See the port."""

        async def read(connection: AsyncConnection) -> FoundMessages:
            of = _applications(tenant_id, application_id)
            index = await indexed_to(connection) if has_terms(chosen) else None
            if index is not None and not is_outside(index, window, chosen):
                mine = select(application_copy.c.id).where(*of).subquery("application")
                search = TermSearch(
                    self._database, connection, mine, index, window, chosen,
                    with_content=with_content,
                )  # fmt: skip
                page = await search.page()
                if page is not None:
                    return _page(page.rows, window, page.end)
            where = id_bounds(window, chosen)
            if chosen.event_id is not None:
                where.append(message.c.id.in_(await _claimed(connection, of, chosen.event_id)))
            end = await self._end(connection, of, where, window, chosen)
            if end is not None:
                where.append(message.c.id >= end if not window.backwards else message.c.id <= end)
            found = self._merged(of, where, window, chosen)
            order = found.c.id if window.backwards else found.c.id.desc()
            columns = message_columns(found, with_content=with_content)
            query = select(found.c.application_id, *columns).order_by(order)
            rows = (await connection.execute(query.limit(window.limit + 1))).all()
            return _page(rows, window, end)

        with journal_failures():
            return await self._lists.run(read)

    async def _end(
        self,
        connection: AsyncConnection,
        of: list[ColumnElement[bool]],
        where: list[ColumnElement[bool]],
        window: MessageWindow,
        chosen: MessageFilter,
    ) -> bytes | None:
        """The message up to which all applications can be read within the bound; None: to the
        end."""
        if not chosen.looks_into():
            return None
        count = select(func.count()).select_from(application_copy).where(*of)
        applications = (await connection.execute(count)).scalar_one()
        if applications > APPLICATIONS_MAX:
            raise TooManyApplications(APPLICATIONS_MAX)
        each = max(LOOKED_THROUGH_MIN, LOOKED_THROUGH_MAX // max(1, applications))
        if self._on_postgres:
            last = _of_application(where, window).with_only_columns(message.c.id)
            last_read = last.offset(each - 1).limit(1).lateral("last")
            edge = func.min if window.backwards else func.max
            joined = application_copy.join(last_read, true())
            query = select(edge(last_read.c.id)).select_from(joined).where(*of)
        else:
            within = select(application_copy.c.id).where(*of)
            query = select(message.c.id).where(message.c.application_id.in_(within), *where)
            query = query.order_by(message.c.id if window.backwards else message.c.id.desc())
            query = query.offset(LOOKED_THROUGH_MAX - 1).limit(1)
        end: bytes | None = (await connection.execute(query)).scalar_one_or_none()
        return end

    def _merged(
        self,
        of: list[ColumnElement[bool]],
        where: list[ColumnElement[bool]],
        window: MessageWindow,
        chosen: MessageFilter,
    ) -> FromClause:
        """The first messages of each application that the search may see."""
        filters = [*where, *looked_into(message, chosen, self._position)]
        if self._on_postgres:
            first = _of_application(filters, window).limit(window.limit + 1).lateral("first")
            joined = application_copy.join(first, true())
            return select(*first.c).select_from(joined).where(*of).subquery("found")
        within = select(application_copy.c.id).where(*of)
        query = select(message).where(message.c.application_id.in_(within), *filters)
        query = query.order_by(message.c.id if window.backwards else message.c.id.desc())
        return query.limit(window.limit + 1).subquery("found")


def _of_application(where: list[ColumnElement[bool]], window: MessageWindow) -> Select[Any]:
    """The messages of one application, the one of the surrounding query."""
    query = select(message).where(message.c.application_id == application_copy.c.id, *where)
    return query.order_by(message.c.id if window.backwards else message.c.id.desc())


def _applications(tenant_id: bytes, application_id: bytes | None) -> list[ColumnElement[bool]]:
    of = [application_copy.c.tenant_id == tenant_id]
    if application_id is None:
        of.append(application_copy.c.id != operational_application_id(tenant_id))
    else:
        of.append(application_copy.c.id == application_id)
    return of


async def _claimed(
    connection: AsyncConnection, of: list[ColumnElement[bool]], event_id: str
) -> Sequence[bytes]:
    """The messages with this eventId, of which each application has one at most."""
    claims = (
        select(event_claim.c.message_id)
        .join(application_copy, application_copy.c.id == event_claim.c.application_id)
        .where(*of, event_claim.c.event_id == event_id)
    )
    return (await connection.execute(claims.limit(CLAIMS_MAX))).scalars().all()


def _page(rows: Sequence[Row[Any]], window: MessageWindow, end: bytes | None) -> FoundMessages:
    """The page of these rows. `end` is the last message examined, if more follow."""
    more = len(rows) > window.limit
    items = [FoundMessage(row.application_id, message_of_row(row)) for row in rows[: window.limit]]
    far = (items[-1].message.id if items else window.past) if more or end is None else end
    near = items[0].message.id if items else beside(window)
    if window.backwards:
        items.reverse()
        near, far = far, near
    return FoundMessages(items, done=not more and end is None, oldest=far, newest=near)
