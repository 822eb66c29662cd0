"""Reading attempts: pages by message or endpoint, newest first, and one by its id."""

from collections.abc import Sequence
from typing import Any

from angarium_chassis.database.columns import from_micros, to_micros
from angarium_chassis.database.engine import Database
from angarium_chassis.database.list_reads import ListReads
from angarium_contracts.attempts import (
    Attempt,
    AttemptFilter,
    AttemptFound,
    AttemptHeadersFound,
    Attempts,
    AttemptStatus,
    AttemptTrigger,
    GetAttempt,
    GetAttemptHeaders,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
    Timings,
)
from angarium_contracts.contract import Contract
from angarium_contracts.ids import ATTEMPT, format_id, parse_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_webhooks.http_heads import NO_RESPONSE, read_response_head
from sqlalchemy import ColumnElement, FromClause, Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from angarium_worker.application.destinations.destination import ExplainAnswer
from angarium_worker.domain.attempt_result import FailureReason

from .attempt_bounds import first_attempt_id
from .attempt_explanations import explanation_of
from .attempt_headers import attempt_headers
from .delivery_rows import channel_text, channels_of, unpacked
from .exchange_column import exchange_of
from .tables import attempt

LIMIT_MAX = 250
_SERVER_ERRORS = 500
BACKWARDS = "-"
"""A `prev_iterator` is the id of the page's first attempt behind this sign."""

_FAILED_RESPONSE = "failed_response"

type AttemptQuestion = (
    ListAttemptsByMessage | ListAttemptsByEndpoint | GetAttempt | GetAttemptHeaders
)


class AttemptPages:
    """Answers the attempt queries of `angarium_contracts.attempts`."""

    def __init__(self, database: Database, explain_answer: ExplainAnswer) -> None:
        self._explain = explain_answer
        self._engine = database.engine.execution_options(read_only=True)
        self._lists = ListReads(database)
        self._position = func.strpos if database.on_postgres else func.instr

    async def answer(self, question: AttemptQuestion) -> Contract:
        """`Attempts`, `AttemptFound`, `AttemptHeadersFound`, or a `Problem`."""
        match question:
            case ListAttemptsByMessage():
                of = [
                    attempt.c.message_id == question.message_id,
                    attempt.c.id >= first_attempt_id([question.message_id]),
                ]
                if question.endpoint_id is not None:
                    of.append(attempt.c.endpoint_id == question.endpoint_id)
                return await self._page(of, question.page, question.filter)
            case ListAttemptsByEndpoint():
                of = [attempt.c.endpoint_id == question.endpoint_id]
                return await self._page(of, question.page, question.filter)
            case GetAttempt() | GetAttemptHeaders():
                return await self._one(question)

    async def _one(self, question: GetAttempt | GetAttemptHeaders) -> Contract:
        query = select(attempt).where(
            attempt.c.message_id == question.message_id, attempt.c.id == question.attempt_id
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return Problem(
                code=ProblemCode.NOT_FOUND,
                detail="This message has no such attempt. List its attempts to find the id.",
            )
        if isinstance(question, GetAttemptHeaders):
            return AttemptHeadersFound(headers=attempt_headers(row.url, exchange_of(row.exchange)))
        return AttemptFound(attempt=attempt_of(row, self._explain))

    async def _page(
        self, of: list[ColumnElement[bool]], page: Page, wanted: AttemptFilter
    ) -> Contract:
        backwards = page.iterator is not None and page.iterator.startswith(BACKWARDS)
        start: bytes | None = None
        if page.iterator is not None:
            start = parse_id(ATTEMPT, page.iterator.removeprefix(BACKWARDS))
            if start is None:
                return Problem(
                    code=ProblemCode.INVALID,
                    detail="This is no iterator of this list. Pass one from an earlier page, or"
                    " leave it out.",
                    field="iterator",
                )
            of = [*of, attempt.c.id > start if backwards else attempt.c.id < start]
        if wanted.channel is not None:
            # Not LIKE: a channel may contain _, and SQLite's ignores letter case.
            among = channel_text([wanted.channel])
            of = [*of, self._position(attempt.c.channels, among) > 0]
        limit = max(1, min(page.limit, LIMIT_MAX))
        query = (
            select(*attempt_columns(attempt, with_answer=wanted.with_content))
            .where(*of, *attempt_conditions(wanted))
            .order_by(attempt.c.id.asc() if backwards else attempt.c.id.desc())
            .limit(limit + 1)
        )

        async def read(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows

        rows = await self._lists.run(read)
        items = [attempt_of(row, self._explain) for row in rows[:limit]]
        return _as_page(items, start, more=len(rows) > limit, backwards=backwards)


def _as_page(items: list[Attempt], start: bytes | None, *, more: bool, backwards: bool) -> Attempts:
    """The page of these attempts, newest first. `done`: no more follow in the direction of
    reading. An empty page is continued from where it started."""
    if backwards:
        items.reverse()
    first, last = (items[0].id, items[-1].id) if items else (start, start)
    return Attempts(
        items=tuple(items),
        done=not more,
        iterator=None if last is None else format_id(ATTEMPT, last),
        prev_iterator=None if first is None else BACKWARDS + format_id(ATTEMPT, first),
    )


def attempt_conditions(wanted: AttemptFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter, but for its channel."""
    found: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        found.append(attempt.c.status == int(wanted.status))
    if wanted.status_class is not None:
        low = wanted.status_class
        found.append(attempt.c.response_status >= low)
        if low < _SERVER_ERRORS:  # 600 and above count as 5xx (RFC 9110, section 15)
            found.append(attempt.c.response_status < (low + 100 if low else 1))
    if wanted.event_types is not None:
        found.append(attempt.c.event_type.in_(wanted.event_types))
    if wanted.before is not None:
        found.append(attempt.c.ended_at < to_micros(wanted.before))
    if wanted.after is not None:
        found.append(attempt.c.ended_at > to_micros(wanted.after))
    return found


def attempt_columns(source: FromClause, *, with_answer: bool) -> list[ColumnElement[Any]]:
    """The columns that `attempt_of` reads. Without answers, it still reads those of failed
    attempts, for their explanations."""
    if with_answer:
        return list(source.c)
    failed = case((source.c.status == int(AttemptStatus.FAIL), source.c.response), else_=b"")
    others = [column for column in source.c if column.name != "response"]
    return [*others, failed.label(_FAILED_RESPONSE)]


def attempt_of(row: Any, explain: ExplainAnswer) -> Attempt:
    """The attempt of a row, which may be without its answer."""
    reason, failure = _failure(row, explain)
    with_content = "response" in row._fields
    response = row.response.decode("utf-8", "replace") if with_content else ""
    if with_content and row.response_status == 0 and failure is not None:
        response = failure
    exchange = exchange_of(row.exchange)
    answer = NO_RESPONSE if exchange is None else read_response_head(exchange.response)
    return Attempt(
        id=row.id,
        message_id=row.message_id,
        endpoint_id=row.endpoint_id,
        event_type=row.event_type,
        url=row.url,
        number=row.number,
        status=AttemptStatus(row.status),
        trigger=AttemptTrigger(row.trigger),
        response_status=row.response_status,
        response=response,
        duration_ms=row.duration_ms,
        ended_at=from_micros(row.ended_at),
        failure=failure,
        next_attempt_at=None if row.next_attempt_at is None else from_micros(row.next_attempt_at),
        failure_reason=reason,
        timings=None if row.timings is None else _timings(row.timings),
        channels=channels_of(row.channels),
        application_id=row.application_id,
        http_version=answer.http_version,
        reason_phrase=answer.reason or None,
        explanation=explanation_of(
            row,
            exchange,
            answer,
            body=row.response if with_content else getattr(row, _FAILED_RESPONSE),
            with_content=with_content,
        ),
    )


def _failure(row: Any, explain: ExplainAnswer) -> tuple[str | None, str | None]:
    """Its stable name and its words: of what stands on record, or of the answer's status."""
    if row.failure is None:
        failed = explain(row.response_status)
        return (None, None) if failed is None else (failed.reason, failed.text)
    reason, _, detail = row.failure.partition(": ")
    try:
        text = FailureReason(reason).text
    except ValueError:  # written by a later version
        return reason, row.failure
    return reason, f"{text} ({detail})" if detail else text


def _timings(column: bytes) -> Timings:
    return Timings(*[each_us / 1_000 for each_us in unpacked(column)])
