"""Reading the attempts of an application or a tenant, newest first or as they are made.

No index of all attempts is kept for it: each endpoint's attempts are read in the order of their ids
through the index that lists of one endpoint use, and merged. A page costs one index search for each
endpoint; only the rows of the page itself are fetched, unless a filter has to look into others.
Failed attempts have indexes of their own: of a whole tenant, and of each endpoint.
"""

from collections.abc import Sequence
from typing import Any, Final

from angarium_chassis.database.columns import to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import ListReads
from angarium_contracts.attempts import (
    Attempt,
    AttemptFilter,
    Attempts,
    AttemptStatus,
    FollowAttempts,
    SearchAttempts,
)
from angarium_contracts.contract import Contract
from angarium_contracts.ids import ATTEMPT, format_id, lowest_id_at, parse_id
from angarium_contracts.queries import Problem, ProblemCode
from sqlalchemy import ColumnElement, Row, Select, exists, func, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import FromClause

from angarium_worker.application.destinations.destination import ExplainAnswer

from .attempt_bounds import first_attempt_id
from .attempt_pages import BACKWARDS, LIMIT_MAX, attempt_columns, attempt_conditions, attempt_of
from .delivery_rows import channel_text
from .tables import attempt, endpoint_copy

FOLLOWED_MAX: Final = 1_000
LOOKED_THROUGH_MAX: Final = 20_000
"""Attempts that one page of a search examines for its filter, over all endpoints."""
LOOKED_THROUGH_MIN: Final = 500
"""Attempts that it examines of each endpoint, however many endpoints there are."""
ENDPOINTS_MAX: Final = 2_000
"""A search that would examine attempts of more endpoints for its filter is refused."""
ID_APART_MS: Final = 60_000
"""An attempt's id is made when it ends, right before `ended_at`: with this much to spare, for a
clock that is set back in between, a bound on the time is also a bound on the id."""

_FAILED: Final = attempt.c.status == literal_column(str(int(AttemptStatus.FAIL)))
"""As the index has it: with a parameter, a plan for all values could not use it."""
_NOT_TAKEN: Final = 300
"""Responses from this status on are those of failed attempts."""

type Scope = SearchAttempts | FollowAttempts


class _TooManyEndpoints(Exception):
    """A page would examine too many attempts."""


class AttemptSearch:
    """Answers `SearchAttempts` and `FollowAttempts`."""

    def __init__(self, database: Database, explain_answer: ExplainAnswer) -> None:
        self._explain = explain_answer
        self._lists = ListReads(database)
        self._on_postgres = database.on_postgres
        self._position = func.strpos if database.on_postgres else func.instr

    async def follow(self, question: FollowAttempts) -> Attempts:
        """See `FollowAttempts`."""
        limit = max(1, min(question.limit, FOLLOWED_MAX))
        where = [attempt.c.id > question.after]
        if question.event_types is not None:
            where.append(attempt.c.event_type.in_(question.event_types))
        source = self._merged(question, where, limit + 1, rising=True)
        columns = attempt_columns(source, with_answer=False)
        query = select(*columns).order_by(source.c.id).limit(limit + 1)
        items = await self._items(query)
        return Attempts(items=tuple(items[:limit]), done=len(items) <= limit)

    async def search(self, question: SearchAttempts) -> Contract:
        """See `SearchAttempts`. `Attempts`, or a `Problem` with the iterator."""
        page, wanted = question.page, question.filter
        limit = max(1, min(page.limit, LIMIT_MAX))
        backwards = page.iterator is not None and page.iterator.startswith(BACKWARDS)
        past: bytes | None = None
        where = _bounds(question)
        if _wants_failed(wanted):
            where.append(_FAILED)
        if page.iterator is not None:
            past = parse_id(ATTEMPT, page.iterator.removeprefix(BACKWARDS))
            if past is None:
                return Problem(
                    code=ProblemCode.INVALID,
                    detail="This is no iterator of this list. Pass one from an earlier page, or"
                    " leave it out.",
                    field="iterator",
                )
            where.append(attempt.c.id > past if backwards else attempt.c.id < past)
        try:
            looks = _looks_into(question)
            end = await self._end(question, where, rising=backwards) if looks else None
        except _TooManyEndpoints:
            return _too_many_endpoints()
        if end is not None:
            where.append(attempt.c.id <= end if backwards else attempt.c.id >= end)
        filters = [*attempt_conditions(wanted), *_search_conditions(wanted)]
        if wanted.channel is not None:
            among = channel_text([wanted.channel])
            filters.append(self._position(attempt.c.channels, among) > 0)
        source = self._merged(question, [*where, *filters], limit + 1, rising=backwards)
        order = source.c.id if backwards else source.c.id.desc()
        columns = attempt_columns(source, with_answer=wanted.with_content)
        query = select(*columns).order_by(order)
        items = await self._items(query.limit(limit + 1))
        return _page(items, past, end, limit, backwards=backwards)

    async def _items(self, query: Select[Any]) -> list[Attempt]:
        async def read(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows

        rows = await self._lists.run(read)
        return [attempt_of(row, self._explain) for row in rows]

    async def _end(
        self, question: SearchAttempts, where: list[ColumnElement[bool]], *, rising: bool
    ) -> bytes | None:
        """The attempt up to which all endpoints can be read within the bound; None: to the end."""

        async def read(connection: AsyncConnection) -> bytes | None:
            of = _endpoints(question)
            end: bytes | None
            if _reads_failed(question):
                query = _of_failed(question, where, rising=rising).with_only_columns(attempt.c.id)
                query = query.offset(LOOKED_THROUGH_MAX - 1).limit(1)
                end = (await connection.execute(query)).scalar_one_or_none()
                return end
            count = select(func.count()).select_from(endpoint_copy).where(*of)
            endpoints = (await connection.execute(count)).scalar_one()
            if endpoints > ENDPOINTS_MAX:
                raise _TooManyEndpoints
            each = max(LOOKED_THROUGH_MIN, LOOKED_THROUGH_MAX // max(1, endpoints))
            edge = func.min if rising else func.max
            if self._on_postgres:
                last = _of_endpoint(where, rising=rising).offset(each - 1).limit(1).lateral("last")
                joined = endpoint_copy.join(last, true())
                query = select(edge(last.c.id)).select_from(joined).where(*of)
                found = await connection.execute(query)
                end = found.scalar_one()
                return end
            within = select(endpoint_copy.c.id).where(*of)
            order = attempt.c.id if rising else attempt.c.id.desc()
            query = select(attempt.c.id).where(attempt.c.endpoint_id.in_(within), *where)
            query = query.order_by(order).offset(LOOKED_THROUGH_MAX - 1).limit(1)
            end = (await connection.execute(query)).scalar_one_or_none()
            return end

        return await self._lists.run(read)

    def _merged(
        self, question: Scope, where: list[ColumnElement[bool]], rows_max: int, *, rising: bool
    ) -> FromClause:
        """The first `rows_max` attempts at the endpoints that the question may see. Of several
        endpoints only ids are read, which the index has, and merged before rows are fetched."""
        if isinstance(question, SearchAttempts) and question.message_ids is not None:
            return _of_messages(question, question.message_ids, where, rows_max, rising=rising)
        if isinstance(question, SearchAttempts) and _reads_failed(question):
            failed = _of_failed(question, where, rising=rising)
            return failed.limit(rows_max).subquery("found")
        of = _endpoints(question)
        if not self._on_postgres:
            within = select(endpoint_copy.c.id).where(*of)
            order = attempt.c.id if rising else attempt.c.id.desc()
            query = select(attempt).where(attempt.c.endpoint_id.in_(within), *where)
            return query.order_by(order).limit(rows_max).subquery("found")
        ids = _of_endpoint(where, rising=rising).limit(rows_max)
        if question.endpoint_id is not None:
            rows = ids.with_only_columns(*attempt.c).lateral("first")
            read = endpoint_copy.join(rows, true())
            return select(*rows.c).select_from(read).where(*of).subquery("found")
        first = ids.lateral("first")
        page = (
            select(endpoint_copy.c.id.label("endpoint_id"), first.c.id)
            .select_from(endpoint_copy.join(first, true()))
            .where(*of)
            .order_by(first.c.id if rising else first.c.id.desc())
            .limit(rows_max)
            .subquery("page")
        )
        of_page = (attempt.c.endpoint_id == page.c.endpoint_id) & (attempt.c.id == page.c.id)
        # The limit keeps Postgres from joining the page with whole partitions.
        row = select(attempt).where(of_page).limit(1).lateral("row")
        return select(*row.c).select_from(page.join(row, true())).subquery("found")


def _of_messages(
    question: SearchAttempts,
    message_ids: Sequence[bytes],
    where: list[ColumnElement[bool]],
    rows_max: int,
    *,
    rising: bool,
) -> FromClause:
    """The first `rows_max` attempts to deliver these messages, through the primary key."""
    of = [
        attempt.c.message_id.in_(message_ids),
        attempt.c.id >= first_attempt_id(message_ids),
        attempt.c.tenant_id == question.tenant_id,
    ]
    if question.application_id is not None:
        of.append(attempt.c.application_id == question.application_id)
    if question.endpoint_id is not None:
        of.append(attempt.c.endpoint_id == question.endpoint_id)
    query = select(attempt).where(*of, *where)
    query = query.order_by(attempt.c.id if rising else attempt.c.id.desc())
    return query.limit(rows_max).subquery("found")


def _search_conditions(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter that only searches have."""
    found: list[ColumnElement[bool]] = []
    if wanted.will_retry is not None:
        planned = attempt.c.next_attempt_at
        found.append(planned.is_not(None) if wanted.will_retry else planned.is_(None))
    if wanted.latest:
        later = attempt.alias("later")
        # By the primary key: a message has few attempts. Wrapped, the endpoint cannot lead to its
        # index instead, in which all later attempts at the endpoint would be read for each row.
        endpoint_id = func.coalesce(later.c.endpoint_id, later.c.endpoint_id)
        of_delivery = (
            (later.c.message_id == attempt.c.message_id)
            & (endpoint_id == attempt.c.endpoint_id)
            & (later.c.id > attempt.c.id)
        )
        found.append(~exists().where(of_delivery).correlate(attempt))
    return found


def _of_endpoint(where: list[ColumnElement[bool]], *, rising: bool) -> Select[Any]:
    """The ids of the attempts at one endpoint, the one of the surrounding query."""
    query = select(attempt.c.id).where(attempt.c.endpoint_id == endpoint_copy.c.id, *where)
    return query.order_by(attempt.c.id if rising else attempt.c.id.desc())


def _reads_failed(question: SearchAttempts) -> bool:
    """True if the attempts are read through the index of a tenant's failed ones."""
    named = (question.application_id, question.endpoint_id, question.message_ids)
    return _wants_failed(question.filter) and not any(named)


def _wants_failed(wanted: AttemptFilter) -> bool:
    """True if the filter leaves failed attempts only, which have indexes."""
    if wanted.status is not None:
        return wanted.status is AttemptStatus.FAIL
    return wanted.status_class is not None and wanted.status_class >= _NOT_TAKEN


def _of_failed(
    question: SearchAttempts, where: list[ColumnElement[bool]], *, rising: bool
) -> Select[Any]:
    """The failed attempts of a tenant."""
    query = select(attempt).where(attempt.c.tenant_id == question.tenant_id, *where)
    return query.order_by(attempt.c.id if rising else attempt.c.id.desc())


def _endpoints(question: Scope) -> list[ColumnElement[bool]]:
    """Those that the question may see; deleted ones have attempts too."""
    of = [endpoint_copy.c.tenant_id == question.tenant_id]
    if question.application_id is not None:
        of.append(endpoint_copy.c.application_id == question.application_id)
    if question.endpoint_id is not None:
        of.append(endpoint_copy.c.id == question.endpoint_id)
    return of


def _bounds(question: SearchAttempts) -> list[ColumnElement[bool]]:
    """Bounds on the id that follow from those on the time: other partitions are not read."""
    found: list[ColumnElement[bool]] = []
    if question.filter.before is not None:
        before_ms = to_micros(question.filter.before) // 1_000 + ID_APART_MS
        found.append(attempt.c.id < lowest_id_at(before_ms))
    if question.filter.after is not None:
        after_ms = to_micros(question.filter.after) // 1_000 - ID_APART_MS
        found.append(attempt.c.id >= lowest_id_at(after_ms))
    return found


def _looks_into(question: SearchAttempts) -> bool:
    """True if the filter leaves out attempts that the index finds."""
    wanted = question.filter
    if question.message_ids is not None:
        return False
    return wanted.latest or any(
        each is not None
        for each in (
            None if _wants_failed(wanted) else wanted.status,
            wanted.status_class,
            wanted.event_types,
            wanted.channel,
            wanted.will_retry,
        )
    )


def _page(
    found: list[Attempt], past: bytes | None, end: bytes | None, limit: int, *, backwards: bool
) -> Attempts:
    """The page, newest first. `end` is the last attempt examined, if more follow."""
    more = len(found) > limit
    items = found[:limit]
    last = (items[-1].id if items else past) if more or end is None else end
    # Before an empty page comes what the position itself names: the search may have ended with it.
    first = items[0].id if items else _next_to(past, 1 if backwards else -1)
    if backwards:
        items.reverse()
        first, last = last, first
    return Attempts(
        items=tuple(items),
        done=not more and end is None,
        iterator=None if last is None else format_id(ATTEMPT, last),
        prev_iterator=None if first is None else BACKWARDS + format_id(ATTEMPT, first),
    )


def _too_many_endpoints() -> Problem:
    return Problem(
        code=ProblemCode.INVALID,
        detail=f"With these filters, attempts of more than {ENDPOINTS_MAX:,} endpoints cannot be"
        " searched at once. Search in an application, or give an `endpoint_id`; or search all"
        " applications for failed attempts, with `status=2`.",
        field="filters",
    )


def _next_to(past: bytes | None, step: int) -> bytes | None:
    if past is None:
        return None
    return min(max(0, int.from_bytes(past) + step), (1 << 128) - 1).to_bytes(16)
